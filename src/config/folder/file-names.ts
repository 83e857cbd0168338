/** The operators' file of a folder. */
export const OPERATORS_FILE = 'hub.yaml';
/** What the operators are called where tenants are named. */
export const OPERATORS = 'hub';

const TENANT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** A name in the folder. `undefined`: it is no file of the hub's, and nothing is said about it. */
export type NamedFile =
  | { readonly name: string; readonly tenant: string }
  /** Most likely meant for a tenant's file; what is wrong. */
  | { readonly name: string; readonly flaw: string };

/**
 * - `hub.yaml` and `NAME.yaml`; hidden files (also Kubernetes' `..data`) and whatever ends otherwise are nobody's.
 * - A file that would be read if it were called otherwise is told: its team would wait for nothing.
 */
export function namedFile(name: string): NamedFile | undefined {
  if (name.startsWith('.')) return undefined;
  if (/\.yml$/i.test(name) || (/\.yaml$/i.test(name) && !name.endsWith('.yaml')))
    return { name, flaw: 'is not read: the file of a tenant is called NAME.yaml, in lower-case yaml' };
  if (!name.endsWith('.yaml')) return undefined;
  const tenant = name.slice(0, -'.yaml'.length);
  return TENANT_NAME.test(tenant)
    ? { name, tenant }
    : {
        name,
        flaw: 'is not read: before .yaml stand 1 to 63 of the characters A-Z a-z 0-9 . _ -, the first a letter or digit',
      };
}

/** @returns the file of a tenant, or the operators'. */
export function fileOf(tenant: string): string {
  return `${tenant}.yaml`;
}

/** The operators' file first, then the tenants' by name: the same on every replica. */
export function inOrder(names: readonly string[]): string[] {
  const tenants = names.filter((name) => name !== OPERATORS_FILE).toSorted();
  return names.includes(OPERATORS_FILE) ? [OPERATORS_FILE, ...tenants] : tenants;
}
