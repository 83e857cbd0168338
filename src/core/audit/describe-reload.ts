/** What became of a reload, as far as it is told here. */
export type Reload =
  | {
      readonly ok: true;
      /** Appids. */
      readonly added: readonly string[];
      readonly changed: readonly string[];
      readonly removed: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly unknown[] };

/** So many appids are named of each list: a line stays a line. */
const NAMED = 20;

/** As in `apps: 2 added (wx-a, wx-b), 0 changed, 1 removed (wx-c)`, or the number of problems. */
export function describeReload(reload: Reload): string {
  if (!reload.ok) return `${reload.problems.length} problem${reload.problems.length === 1 ? '' : 's'}`;
  const lists = [
    some(reload.added, 'added'),
    some(reload.changed, 'changed'),
    some(reload.removed, 'removed'),
  ];
  return `apps: ${lists.join(', ')}`;
}

function some(appids: readonly string[], what: string): string {
  if (appids.length === 0) return `0 ${what}`;
  const more = appids.length > NAMED ? ', …' : '';
  return `${appids.length} ${what} (${appids.slice(0, NAMED).join(', ')}${more})`;
}
