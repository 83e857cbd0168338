import type { NamedChanges } from '../core/access/client-changes.js';

/** What became of a reload, as far as it is told here. The lists at the top: appids. */
export type Reload =
  | ({ readonly ok: true } & Brought)
  | { readonly ok: false; readonly problems: readonly unknown[]; readonly brought?: Brought | undefined };

interface Brought extends NamedChanges {
  readonly clients: NamedChanges;
  readonly keys: NamedChanges;
}

/** So many are named of each list: a line stays a line. */
const NAMED = 20;

/**
 * As in `apps: 2 added (wx-a, wx-b), 0 changed, 1 removed (wx-c); clients: …; keys: 1 added (shop/2027), …`, or the
 * number of problems.
 */
export function describeReload(reload: Reload): string {
  if (reload.ok) return changesOf(reload);
  const problems = `${reload.problems.length} problem${reload.problems.length === 1 ? '' : 's'}`;
  return reload.brought === undefined ? problems : `${problems}; ${changesOf(reload.brought)}`;
}

function changesOf(brought: Brought): string {
  return `apps: ${lists(brought)}; clients: ${lists(brought.clients)}; keys: ${lists(brought.keys)}`;
}

function lists({ added, changed, removed }: NamedChanges): string {
  return [some(added, 'added'), some(changed, 'changed'), some(removed, 'removed')].join(', ');
}

function some(names: readonly string[], what: string): string {
  if (names.length === 0) return `0 ${what}`;
  const more = names.length > NAMED ? ', …' : '';
  return `${names.length} ${what} (${names.slice(0, NAMED).join(', ')}${more})`;
}
