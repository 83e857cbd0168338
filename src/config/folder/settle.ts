import { identityName } from '../../core/access/identity.js';
import type { ClientEntry } from '../../core/access/client.js';
import type { AppSettings } from '../../core/app.js';

/** Lines of what a file names, from 1. */
export interface NamedLines {
  /** In the order of the file. */
  readonly apps: readonly number[];
  readonly platforms: readonly number[];
  /** By client, then by key. */
  readonly keys: readonly (readonly number[])[];
  /** By client, then by identity. */
  readonly identities: readonly (readonly number[])[];
}

/** What a file says that no other file of the folder may say as well. */
export interface FileClaims {
  readonly apps: readonly Pick<AppSettings, 'appid'>[];
  readonly platforms: readonly Pick<AppSettings, 'appid'>[];
  readonly clients: readonly Pick<ClientEntry, 'keys' | 'identities'>[];
  readonly lines: NamedLines;
}

export interface FileVersions<V extends FileClaims> {
  readonly name: string;
  /** What holds now; `undefined`: nothing of this file. */
  readonly last: V | undefined;
  /** What is to hold from now on: `last` where the file has problems or did not change; `undefined`: nothing. */
  readonly next: V | undefined;
}

export interface Clash {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

export interface Settled<V> {
  /** By file; files of which nothing holds are left out. */
  readonly versions: ReadonlyMap<string, V>;
  /** By file: why its next version does not hold. */
  readonly clashes: ReadonlyMap<string, readonly Clash[]>;
}

/**
 * Which version of each file holds, so that no two claim the same app, key or identity: who had it first keeps it, and
 * the other file goes on as it was. Among files that begin to claim something at the same time the first in the order
 * given has it.
 *
 * What a file is `remembered` to have had is its own also while nothing of it holds.
 *
 * A file that falls back to its last version claims again what that had; so it is looked again until all agree. Last
 * versions have held together before: each round brings at least one file back to its last, so it ends.
 *
 * @param remembered which file had a claim before this process began, of files that are there
 */
export function settle<V extends FileClaims>(
  files: readonly FileVersions<V>[],
  remembered: Remembered = () => undefined,
): Settled<V> {
  const owners = new Owners(files, remembered);
  const chosen = new Map<string, V>();
  for (const { name, next } of files) if (next !== undefined) chosen.set(name, next);
  const byName = new Map(files.map((file) => [file.name, file]));
  const clashes = new Map<string, readonly Clash[]>();
  for (;;) {
    const losers = losersOf(chosen, owners, byName);
    if (losers.size === 0) return { versions: chosen, clashes };
    for (const [name, found] of losers) {
      const last = byName.get(name)?.last;
      clashes.set(name, found);
      if (last === undefined || chosen.get(name) === last) chosen.delete(name);
      else chosen.set(name, last);
    }
  }
}

/** The name of a file. */
export type Remembered = (claim: string) => string | undefined;

/** Whose each claim has been until now. */
class Owners {
  readonly #ofLast = new Map<string, string>();

  constructor(
    files: readonly FileVersions<FileClaims>[],
    /** Of those remembered alone. */
    readonly before: Remembered,
  ) {
    for (const { name, last } of files) {
      if (last === undefined) continue;
      for (const claim of claimTexts(last)) this.#ofLast.set(claim, name);
    }
  }

  of(claim: string): string | undefined {
    return this.#ofLast.get(claim) ?? this.before(claim);
  }
}

export function* claimTexts(version: FileClaims): Generator<string> {
  for (const { claim } of claimsOf(version)) yield claim;
}

function losersOf<V extends FileClaims>(
  chosen: ReadonlyMap<string, V>,
  owners: Owners,
  byName: ReadonlyMap<string, FileVersions<V>>,
): Map<string, Clash[]> {
  const holders = new Map<string, { readonly name: string; readonly clash: () => Clash }>();
  const losers = new Map<string, Clash[]>();
  const goesOn = (name: string): boolean => chosen.get(name) === byName.get(name)?.last;
  for (const [name, version] of chosen) {
    for (const { claim, clash } of claimsOf(version)) {
      const holder = holders.get(claim);
      const owner = owners.of(claim);
      const before = owners.before(claim);
      // Its owner has a problem, and nothing of it holds: that is no giving up.
      if (before !== undefined && before !== name && !chosen.has(before) && !goesOn(name)) {
        losers.set(name, [...(losers.get(name) ?? []), clash()]);
        continue;
      }
      if (holder === undefined) {
        holders.set(claim, { name, clash });
        continue;
      }
      const isMine = owner === name || (owner !== holder.name && goesOn(name));
      const loser = isMine && !goesOn(holder.name) ? holder : { name, clash };
      if (loser === holder) holders.set(claim, { name, clash });
      losers.set(loser.name, [...(losers.get(loser.name) ?? []), loser.clash()]);
    }
  }
  return losers;
}

function* claimsOf({ apps, platforms, clients, lines }: FileClaims): Generator<{
  readonly claim: string;
  readonly clash: () => Clash;
}> {
  const named = [
    ...apps.map(({ appid }, index) => ({ appid, at: `apps[${index}]`, line: lines.apps[index] })),
    ...platforms.map(({ appid }, index) => ({
      appid,
      at: `platforms[${index}]`,
      line: lines.platforms[index],
    })),
  ];
  for (const { appid, at, line } of named) {
    const clash = (): Clash => ({
      path: `${at}.appid`,
      line: line ?? 1,
      message: 'stands in another file of the folder, which had it first: remove it from one of the two',
    });
    yield { claim: `app ${appid}`, clash };
  }
  for (const [index, { keys, identities }] of clients.entries()) {
    for (const [key, { sha256 }] of keys.entries()) {
      const clash = (): Clash => ({
        path: `clients[${index}].keys[${key}].sha256`,
        line: lines.keys[index]?.[key] ?? 1,
        message: 'is the key of a client of another file of the folder, which had it first: make another',
      });
      yield { claim: `key ${sha256}`, clash };
    }
    for (const [place, identity] of identities.entries()) {
      const clash = (): Clash => ({
        path: `clients[${index}].identities[${place}]`,
        line: lines.identities[index]?.[place] ?? 1,
        message:
          'is the identity of a client of another file of the folder, which had it first: remove it from one',
      });
      yield { claim: `identity ${identityName(identity)}`, clash };
    }
  }
}
