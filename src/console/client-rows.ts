import type { HubSnapshot } from '../config/reload/hub-snapshot.js';
import { ACTS, type ClientEntry } from '../core/access/client.js';
import { grantsApp } from '../core/access/decision.js';
import { identityName } from '../core/access/identity.js';
import { seesApp, seesClient, tenantOf, type Viewer } from './viewer.js';
import type { AppAnswer, ClientKeyRow, ClientRow, ClientsAnswer } from './wire.js';

/** So many clients are sent at most, and so many appids of each: an answer stays below a megabyte or two. */
const SENT_CLIENTS = 2000;
const SENT_APPS = 20;

/** How a key was used; times by the wall clock. */
export type UseOf = (clientId: string, keyId: string) => Pick<ClientKeyRow, 'lastUsedAt' | 'requests'>;

/** The clients of apps.yaml, as far as the viewer may see them; of a key its id and end, nothing else. */
export function clientRows(viewer: Viewer, { apps, clients }: HubSnapshot, useOf: UseOf): ClientsAnswer {
  const seen = clients.filter((client) => seesClient(viewer, client, apps));
  return {
    total: seen.length,
    clients: seen.slice(0, SENT_CLIENTS).map((client) => rowOf(viewer, client, apps, useOf)),
  };
}

/** A key that ends within so long is worth a word: time enough for a rotation. */
export const ENDING_SOON_MS = 14 * 86_400_000;

/** How many keys of the clients that the viewer sees end soon, or have ended. */
export function keysEnding(viewer: Viewer, { apps, clients }: HubSnapshot, wallNow: number): number {
  let count = 0;
  for (const client of clients) {
    const ending = client.keys.filter(({ expiresAt = Infinity }) => expiresAt - wallNow < ENDING_SOON_MS);
    if (ending.length > 0 && seesClient(viewer, client, apps)) count += ending.length;
  }
  return count;
}

/** Who is granted the app. */
export function clientsOf(
  viewer: Viewer,
  appid: string,
  { apps, clients }: HubSnapshot,
): AppAnswer['clients'] {
  return clients
    .filter((client) => grantsApp(client, appid, apps) && seesOwner(viewer, client))
    .slice(0, SENT_CLIENTS)
    .map(({ id, may }) => ({ id, may: ACTS.filter((act) => may.has(act)) }));
}

/** Who looks for a tenant sees of those that are granted its apps its own. */
function seesOwner(viewer: Viewer, client: ClientEntry): boolean {
  const tenant = tenantOf(viewer);
  return tenant === undefined || client.tenant === tenant;
}

function rowOf(viewer: Viewer, client: ClientEntry, known: HubSnapshot['apps'], useOf: UseOf): ClientRow {
  const apps = client.apps === '*' ? [] : [...client.apps].filter((appid) => seesApp(viewer, appid, known));
  return {
    id: client.id,
    tenant: client.tenant ?? null,
    may: ACTS.filter((act) => client.may.has(act)),
    keys: [
      ...client.keys,
      ...client.identities.map((identity) => ({ id: identityName(identity), expiresAt: undefined })),
    ].map(({ id, expiresAt }) => ({ id, expiresAt: expiresAt ?? null, ...useOf(client.id, id) })),
    allowIps: client.allowIps?.ranges ?? null,
    appCount: client.apps === '*' ? null : apps.length,
    apps: apps.slice(0, SENT_APPS).map((appid) => ({ appid, name: known.get(appid)?.name ?? null })),
    gatewayPaths: client.gatewayPaths ?? null,
    requestsPerMinute: client.requestsPerMinute,
  };
}
