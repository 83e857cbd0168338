import { setImmediate as nextTurn } from 'node:timers/promises';
import { ClientComparison, type NamedChanges } from '../../core/access/client-changes.js';
import type { ClientEntry } from '../../core/access/client.js';
import { sameIssuer, type IssuerSettings } from '../../core/access/identity.js';
import { NO_SECRET, sameApp, type AppSettings } from '../../core/app.js';
import { withKnownSecrets, type PlatformSettings } from '../../core/platform/platform.js';
import type { NotifyTarget } from '../../notices/notice.js';

/** All that apps.yaml says, as of one reading. Never changed; a reload makes another. */
export interface HubSnapshot {
  /** By appid, in the order of the file. */
  readonly apps: ReadonlyMap<string, AppSettings>;
  /** Third-party platforms, by appid; each is an app as well, and so are its authorizers. */
  readonly platforms: ReadonlyMap<string, PlatformSettings>;
  /** Whose tokens are believed, by id. */
  readonly issuers: ReadonlyMap<string, IssuerSettings>;
  readonly clients: readonly ClientEntry[];
  /** Where operators are told of what needs them. */
  readonly notify: readonly NotifyTarget[];
}

export const EMPTY_SNAPSHOT: HubSnapshot = {
  apps: new Map(),
  platforms: new Map(),
  issuers: new Map(),
  clients: [],
  notify: [],
};

/** What became of apps, clients and keys between two snapshots. The lists at the top: appids. */
export interface SnapshotDiff {
  readonly added: string[];
  /** Its settings differ, a changed secret included. */
  readonly changed: string[];
  readonly removed: string[];
  readonly unchanged: number;
  /** Ids. */
  readonly clients: NamedChanges;
  /** As `client/key`, by their ids. */
  readonly keys: NamedChanges;
  /** Whether an issuer went, or is another one under its name. */
  readonly issuersChanged: boolean;
}

/** Whether nothing has changed that is named. */
export function isNothing({ added, changed, removed, clients, keys }: SnapshotDiff): boolean {
  const changes: readonly NamedChanges[] = [{ added, changed, removed }, clients, keys];
  return changes.every((each) => each.added.length + each.changed.length + each.removed.length === 0);
}

/** Whether callers of before find all that they had: half of a file never does only that. */
export function onlyAdds({ changed, removed, clients, keys, issuersChanged }: SnapshotDiff): boolean {
  const others = [changed, removed, clients.changed, clients.removed, keys.changed, keys.removed];
  return !issuersChanged && others.every((names) => names.length === 0);
}

/** So many apps, or grants of clients, are compared between two turns of the event loop: one to two milliseconds. */
const WORK_PER_TURN = 500;

/**
 * The snapshot that follows `previous`. Apps and issuers that are the same stay the very objects that they were; one whose AppSecret
 * cannot be had goes on with the one it had.
 */
export async function nextSnapshot(
  previous: HubSnapshot,
  apps: readonly AppSettings[],
  rest: Pick<HubSnapshot, 'clients' | 'notify'> & {
    readonly platforms: readonly PlatformSettings[];
    readonly issuers: readonly IssuerSettings[];
  },
): Promise<{ readonly snapshot: HubSnapshot; readonly diff: SnapshotDiff }> {
  const next = new Map<string, AppSettings>();
  const diff = { added: [] as string[], changed: [] as string[], removed: [] as string[], unchanged: 0 };
  const turn = turnTaker();
  for (const read of apps) {
    const before = ofSameTenant(previous.apps.get(read.appid), read);
    const app =
      before !== undefined && read.secret.equals(NO_SECRET) ? { ...read, secret: before.secret } : read;
    const same = before !== undefined && sameApp(before, app);
    next.set(app.appid, same ? before : app);
    if (same) diff.unchanged += 1;
    else (before === undefined ? diff.added : diff.changed).push(app.appid);
    await turn(1);
  }
  for (const appid of previous.apps.keys()) {
    if (ofSameTenant(next.get(appid), previous.apps.get(appid)) === undefined) diff.removed.push(appid);
    await turn(1);
  }
  const { clients, keys } = await comparedClients(previous.clients, rest.clients, turn);
  const issuers = new Map(rest.issuers.map((issuer) => [issuer.id, kept(previous.issuers, issuer)]));
  const issuersChanged = [...previous.issuers].some(([id, issuer]) => issuers.get(id) !== issuer);
  const platforms = new Map(
    rest.platforms.map((read) => [read.appid, withKnownSecrets(read, previous.platforms.get(read.appid))]),
  );
  return {
    snapshot: { ...rest, apps: next, platforms, issuers },
    diff: { ...diff, clients, keys, issuersChanged },
  };
}

/** An issuer that is the same stays the very object that it was: what is known of it and its tokens goes on counting. */
function kept(before: HubSnapshot['issuers'], issuer: IssuerSettings): IssuerSettings {
  const known = before.get(issuer.id);
  return known !== undefined && sameIssuer(known, issuer) ? known : issuer;
}

/** An app that another tenant takes over is another app: nothing of the one before is that tenant's. */
function ofSameTenant(app: AppSettings | undefined, other: AppSettings | undefined): AppSettings | undefined {
  return app?.tenant === other?.tenant ? app : undefined;
}

/** The part of a difference that a tenant may see; of the apps that stayed only its own are counted. */
export function diffOfTenant(diff: SnapshotDiff, tenant: string, { apps }: HubSnapshot): SnapshotDiff {
  const own = (names: readonly string[]): string[] =>
    names.filter((appid) => apps.get(appid)?.tenant === tenant);
  const named = ({ added, changed, removed }: NamedChanges): NamedChanges => {
    const ours = (names: readonly string[]): string[] =>
      names.filter((name) => name.startsWith(`${tenant}/`));
    return { added: ours(added), changed: ours(changed), removed: ours(removed) };
  };
  const [added, changed] = [own(diff.added), own(diff.changed)];
  const all = [...apps.values()].filter((app) => app.tenant === tenant).length;
  return {
    added,
    changed,
    // Only this tenant's file was read: what went was its own.
    removed: diff.removed,
    unchanged: all - added.length - changed.length,
    clients: named(diff.clients),
    keys: named(diff.keys),
    issuersChanged: diff.issuersChanged,
  };
}

async function comparedClients(
  before: readonly ClientEntry[],
  after: readonly ClientEntry[],
  turn: Turn,
): Promise<ClientComparison> {
  const comparison = new ClientComparison();
  const left = new Map(before.map((client) => [client.id, client]));
  for (const client of after) {
    comparison.take(client.id, left.get(client.id), client);
    left.delete(client.id);
    await turn(weightOf(client));
  }
  for (const client of left.values()) {
    comparison.take(client.id, client, undefined);
    await turn(weightOf(client));
  }
  return comparison;
}

function weightOf({ apps, keys, identities }: ClientEntry): number {
  return 1 + keys.length + identities.length + (apps === '*' ? 0 : apps.size);
}

/** After a piece of work; where it was enough for one turn, waits for the next. */
type Turn = (work: number) => Promise<void> | undefined;

function turnTaker(): Turn {
  let done = 0;
  return (work) => {
    done += work;
    if (done < WORK_PER_TURN) return undefined;
    done = 0;
    return nextTurn();
  };
}
