import type { ClientEntry } from '../../core/access/client.js';
import type { AppSettings } from '../../core/app.js';

/** What ends the grant of all apps of a tenant: `team-a/*`. */
const ALL_OF_TENANT = '/*';

/** The apps of each tenant, the operators among them. */
export function appidsByTenant(apps: Iterable<AppSettings>): ReadonlyMap<string, readonly string[]> {
  const byTenant = new Map<string, string[]>();
  for (const { tenant, appid } of apps) {
    if (tenant === undefined) continue;
    const appids = byTenant.get(tenant);
    if (appids === undefined) byTenant.set(tenant, [appid]);
    else appids.push(appid);
  }
  return byTenant;
}

/**
 * A client with its grants as appids: a tenant's `"*"` is all apps of that tenant, and `NAME/*` of the operators all of
 * NAME, none where there is no such tenant. The operators' `"*"` stays: all apps that there are.
 */
export function withGrants(
  client: ClientEntry,
  byTenant: ReadonlyMap<string, readonly string[]>,
): ClientEntry {
  const { tenant, apps } = client;
  if (apps === '*')
    return tenant === undefined ? client : { ...client, apps: new Set(byTenant.get(tenant) ?? []) };
  if (tenant !== undefined || ![...apps].some(isOfTenant)) return client;
  const granted = [...apps].flatMap((grant) =>
    isOfTenant(grant) ? (byTenant.get(grant.slice(0, -ALL_OF_TENANT.length)) ?? []) : [grant],
  );
  return { ...client, apps: new Set(granted) };
}

function isOfTenant(grant: string): boolean {
  return grant.endsWith(ALL_OF_TENANT);
}
