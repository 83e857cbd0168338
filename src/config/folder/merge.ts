import type { ClientEntry } from '../../core/access/client.js';
import type { AppSettings } from '../../core/app.js';
import type { PlatformSettings } from '../../core/platform/platform.js';

/** What ends the grant of all apps of a tenant: `team-a/*`. */
const ALL_OF_TENANT = '/*';
const NONE: ReadonlySet<string> = new Set();

/** What is each tenant's, the operators among them: its apps, and `PLATFORM/*` of its platforms. */
export function grantsByTenant(
  apps: Iterable<AppSettings>,
  platforms: readonly PlatformSettings[],
): ReadonlyMap<string, readonly string[]> {
  const byTenant = new Map<string, string[]>();
  const grants = [
    ...apps,
    ...platforms.map(({ tenant, appid }) => ({ tenant, appid: `${appid}${ALL_OF_TENANT}` })),
  ];
  for (const { tenant, appid } of grants) {
    if (tenant === undefined) continue;
    const appids = byTenant.get(tenant);
    if (appids === undefined) byTenant.set(tenant, [appid]);
    else appids.push(appid);
  }
  return byTenant;
}

/**
 * A client with its grants as appids: a tenant's `"*"` is all apps of that tenant, and `NAME/*` of the operators all of
 * NAME, none where there is no such tenant. `PLATFORM/*` stays: its authorizers come and go. The operators' `"*"` stays: all apps that there are.
 */
export function withGrants(
  client: ClientEntry,
  byTenant: ReadonlyMap<string, readonly string[]>,
  platforms: ReadonlySet<string> = NONE,
): ClientEntry {
  const { tenant, apps } = client;
  if (apps === '*')
    return tenant === undefined ? client : { ...client, apps: new Set(byTenant.get(tenant) ?? []) };
  if (tenant !== undefined || ![...apps].some(isOfTenant)) return client;
  const granted = [...apps].flatMap((grant) =>
    isOfTenant(grant) && !platforms.has(grant.slice(0, -ALL_OF_TENANT.length))
      ? (byTenant.get(grant.slice(0, -ALL_OF_TENANT.length)) ?? [])
      : [grant],
  );
  return { ...client, apps: new Set(granted) };
}

function isOfTenant(grant: string): boolean {
  return grant.endsWith(ALL_OF_TENANT);
}
