import type { FastifyRequest } from 'fastify';
import type { ClientEntry } from '../core/access/client.js';
import { grantsApp, type KnownApps } from '../core/access/decision.js';
import type { Actor } from '../events/hub-events.js';

/** Who looks at the console: a client with `admin`, or anybody where HUB_CONSOLE_OPEN lets read. */
export type Viewer =
  { readonly by: 'key'; readonly client: ClientEntry; readonly actor: Actor } | { readonly by: 'open' };

export function seesAll(viewer: Viewer): boolean {
  return viewer.by === 'open' || viewer.client.apps === '*';
}

/** An app that is not granted is not seen, and none that does not exist. */
export function seesApp(viewer: Viewer, appid: string, apps: KnownApps): boolean {
  return viewer.by === 'open' ? apps.has(appid) : grantsApp(viewer.client, appid, apps);
}

/** Who sees only some apps sees of a client only what concerns those. */
export function seesClient(viewer: Viewer, client: ClientEntry, apps: KnownApps): boolean {
  if (seesAll(viewer)) return true;
  if (viewer.by === 'key' && viewer.client.id === client.id) return true;
  if (client.apps === '*') return true;
  for (const appid of client.apps) if (seesApp(viewer, appid, apps)) return true;
  return false;
}

/** A record about no app may be about another team: only who sees all apps, or was it, sees that. */
export function seesRecord(
  viewer: Viewer,
  record: { readonly appid?: string | undefined; readonly client?: string | undefined },
  apps: KnownApps,
): boolean {
  if (seesAll(viewer)) return true;
  if (record.appid !== undefined) return seesApp(viewer, record.appid, apps);
  return viewer.by === 'key' && record.client === viewer.client.id;
}

/**
 * Whether a browser says that the request comes from the console's own page, or no browser sent it. A page of another
 * site cannot send the Authorization header anyway without being asked; this holds where somebody loosens that.
 */
export function isOwnRequest(headers: FastifyRequest['headers']): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return false;
  const { origin, host } = headers;
  if (origin === undefined) return true;
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host;
}

/** Names that no public DNS server answers, so that no stranger can have them lead to the hub for a while. */
const PRIVATE_NAME = /^(?:[^.]+|.+\.(?:localhost|internal|local|lan|home\.arpa|svc))$/;

/**
 * Whether a page of another site cannot have been opened under this host name: an IP address, or a name that only the
 * machine or the network at hand knows. A public name proves nothing: whoever owns it can make it lead to the hub (DNS
 * rebinding), and the browser takes their page for the hub's own.
 */
export function isPrivateHost(host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(`http://${host}`)) return false;
  const { hostname } = new URL(`http://${host}`);
  if (hostname.startsWith('[') || /^\d+(?:\.\d+){3}$/.test(hostname)) return true;
  return PRIVATE_NAME.test(hostname.replace(/\.$/, ''));
}
