import type { ClientEntry } from '../core/access/client.js';
import { grantsApp, type KnownApps } from '../core/access/decision.js';
import type { Actor } from '../events/actor.js';

/** Who looks at the console: a client with `admin`, or anybody where HUB_CONSOLE_OPEN lets read. */
export type Viewer =
  | { readonly by: 'key'; readonly client: ClientEntry; readonly actor: Actor }
  | { readonly by: 'open'; readonly address: string };

export function seesAll(viewer: Viewer): boolean {
  return viewer.by === 'open' || viewer.client.apps === '*';
}

/** An app that is not granted is not seen, and none that does not exist. */
export function seesApp(viewer: Viewer, appid: string, apps: KnownApps): boolean {
  return viewer.by === 'open' ? apps.get(appid) !== undefined : grantsApp(viewer.client, appid, apps);
}

/** Whose client looks; `undefined`: the operators', or anybody. */
export function tenantOf(viewer: Viewer): string | undefined {
  return viewer.by === 'key' ? viewer.client.tenant : undefined;
}

/** Who sees only some apps sees of a client only what concerns those; a tenant its own alone. */
export function seesClient(viewer: Viewer, client: ClientEntry, apps: KnownApps): boolean {
  if (seesAll(viewer)) return true;
  const tenant = tenantOf(viewer);
  if (tenant !== undefined) return client.tenant === tenant;
  if (viewer.by === 'key' && viewer.client.id === client.id) return true;
  if (client.apps === '*') return true;
  for (const appid of client.apps) if (seesApp(viewer, appid, apps)) return true;
  return false;
}

/**
 * A record about no app may be about another team: only who sees all apps, or was it, sees that. Of a tenant's client
 * (`tenant/id`) that tenant sees all, and no other tenant anything.
 */
export function seesRecord(
  viewer: Viewer,
  record: { readonly appid?: string | undefined; readonly client?: string | undefined },
  apps: KnownApps,
): boolean {
  if (seesAll(viewer)) return true;
  const tenant = tenantOf(viewer);
  if (tenant !== undefined && record.client?.includes('/') === true)
    return record.client.startsWith(`${tenant}/`);
  if (record.appid !== undefined) return seesApp(viewer, record.appid, apps);
  return viewer.by === 'key' && record.client === viewer.client.id;
}
