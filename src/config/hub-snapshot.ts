import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ClientEntry } from '../core/access/client.js';
import { sameApp, type AppSettings } from '../core/app.js';
import type { NotifyTarget } from '../core/notices/notice.js';

/** All that apps.yaml says, as of one reading. Never changed; a reload makes another. */
export interface HubSnapshot {
  /** By appid, in the order of the file. */
  readonly apps: ReadonlyMap<string, AppSettings>;
  readonly clients: readonly ClientEntry[];
  /** Where operators are told of what needs them. */
  readonly notify: readonly NotifyTarget[];
}

export const EMPTY_SNAPSHOT: HubSnapshot = { apps: new Map(), clients: [], notify: [] };

/** Appids, by what became of the app between two snapshots. */
export interface SnapshotDiff {
  readonly added: string[];
  /** Its settings differ, a changed secret included. */
  readonly changed: string[];
  readonly removed: string[];
  readonly unchanged: number;
}

/** So many apps are compared between two turns of the event loop: one to two milliseconds. */
const APPS_PER_TURN = 500;

/** The snapshot that follows `previous`. Apps that are the same stay the very objects that they were. */
export async function nextSnapshot(
  previous: HubSnapshot,
  apps: readonly AppSettings[],
  rest: Pick<HubSnapshot, 'clients' | 'notify'>,
): Promise<{ readonly snapshot: HubSnapshot; readonly diff: SnapshotDiff }> {
  const next = new Map<string, AppSettings>();
  const diff = { added: [] as string[], changed: [] as string[], removed: [] as string[], unchanged: 0 };
  const turn = turnTaker();
  for (const app of apps) {
    const before = previous.apps.get(app.appid);
    const same = before !== undefined && sameApp(before, app);
    next.set(app.appid, same ? before : app);
    if (same) diff.unchanged += 1;
    else (before === undefined ? diff.added : diff.changed).push(app.appid);
    await turn();
  }
  for (const appid of previous.apps.keys()) {
    if (!next.has(appid)) diff.removed.push(appid);
    await turn();
  }
  return { snapshot: { ...rest, apps: next }, diff };
}

function turnTaker(): () => Promise<void> | undefined {
  let count = 0;
  return () => {
    count += 1;
    return count % APPS_PER_TURN === 0 ? nextTurn() : undefined;
  };
}
