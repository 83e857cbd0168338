import { isObject } from '../../core/json.js';
import type { AppsFileData, FolderTerms } from './data.js';
import type { Problems } from './problem.js';
import { urlFlaw } from './rules.js';
import { TOP } from './tables.js';
import { isNamedHost, isInsideHost } from './tenant-hosts.js';

/** Whose file it is: the only one of a hub, `hub.yaml` of a folder, or a tenant's in that folder. */
export type FileRole =
  | { readonly kind: 'single' }
  | { readonly kind: 'operators'; readonly name: string }
  | { readonly kind: 'tenant'; readonly name: string; readonly terms: FolderTerms };

export const SINGLE: FileRole = { kind: 'single' };

/** The sections that a tenant's file may have; every other that there is belongs to the operators. */
const TENANT_SECTIONS: readonly string[] = ['version', 'apps', 'clients', 'notify', 'platforms'];

/** Reports the sections and keys of a file that another file of the folder may have, and this one not. */
export function checkRole(role: FileRole, plain: unknown, problems: Problems): void {
  const file = isObject(plain) ? plain : {};
  if (role.kind === 'single' && 'tenantHosts' in file)
    problems.add(['tenantHosts'], 'has no use: there are no tenants, since HUB_APPS_FILE names one file');
  if (role.kind !== 'tenant') return;
  for (const key of Object.keys(file)) {
    if (!TENANT_SECTIONS.includes(key) && Object.hasOwn(TOP.keys, key))
      problems.add([key], "stands in the operators' hub.yaml alone: remove it here");
  }
  const apps: readonly unknown[] = Array.isArray(file.apps) ? file.apps : [];
  apps.forEach((app, index) => {
    if (isObject(app) && 'baseUrl' in app)
      problems.add(
        ['apps', index, 'baseUrl'],
        "stands in the operators' hub.yaml alone: have the operators take this app there",
      );
  });
}

/** What is wrong with a URL that a tenant has the hub call. */
export function tenantUrlFlaw(url: string, { tenantHosts }: FolderTerms): string | undefined {
  const flaw = urlFlaw(url);
  if (flaw !== undefined || isNamedHost(url, tenantHosts)) return flaw;
  if (!url.toLowerCase().startsWith('https:'))
    return "must begin with https:// (http:// is for hosts that the operators' tenantHosts name)";
  return isInsideHost(url)
    ? "must lead to a public address, or to a host that the operators' tenantHosts name"
    : undefined;
}

type Entries = Pick<AppsFileData, 'apps' | 'platforms' | 'clients' | 'notify'>;

/** The entries with the name of their file on them. */
export function ofRole(role: FileRole, entries: Entries): Entries {
  if (role.kind === 'single') return entries;
  const { apps, clients, notify } = entries;
  const tenant = role.name;
  const named = apps.map((app) => ({ ...app, tenant }));
  const platforms = entries.platforms.map((platform) => ({ ...platform, tenant }));
  if (role.kind === 'operators') return { apps: named, platforms, clients, notify };
  return {
    apps: named,
    platforms,
    clients: clients.map((client) => ({ ...client, id: `${tenant}/${client.id}`, tenant })),
    notify: notify.map((target) => ({ ...target, tenant })),
  };
}
