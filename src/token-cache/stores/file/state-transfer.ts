import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Clock } from '../../../clock/clock.js';
import type { DurableRecords } from '../../durable-records.js';
import type { TokenStore } from '../../token-store.js';
import type { SealingKey } from '../redis/seal.js';
import { readState, replaceWhole } from './state-file.js';
import { shifted, type KeptCredential, type KeptRecord, type StateContent } from './state-lines.js';
import { StateProblem } from './state-problem.js';
import { elapsedSince, markNow } from './time-mark.js';

/** So many are taken in at a time. */
const BATCH = 100;

/** Where state comes from or goes to. */
export interface Place {
  readonly store: TokenStore;
  readonly records: DurableRecords;
}

/** Whose state it is. */
export interface StoredNames {
  readonly appids: readonly string[];
  /** Of durable records. */
  readonly collections: readonly string[];
}

export interface Counts {
  readonly credentials: number;
  readonly records: number;
}

/** What was taken in, and what was left since what was there is newer, or it has ended. */
export interface TakenIn {
  readonly taken: Counts;
  readonly left: Counts;
}

/** Into a file that is not there yet, in the form of a state file, sealed. @throws {StateProblem} */
export async function exportState(
  path: string,
  { store, records }: Place,
  { appids, collections }: StoredNames,
  key: SealingKey,
  clock: Clock,
): Promise<Counts> {
  const target = resolve(path);
  if (existsSync(target)) throw new StateProblem(target, 'is there already, and is not written over');
  const credentials: KeptCredential[] = [];
  for (const [appid, stored] of await store.load(appids))
    for (const { held } of stored) if (held !== undefined) credentials.push({ appid, held });
  const kept: KeptRecord[] = [];
  for (const collection of collections)
    for (const [name, { version, value }] of await records.list(collection))
      if (value !== undefined) kept.push({ collection, name, version, value });
  const writtenAt = markNow(clock.wallNow());
  const content: StateContent = {
    writtenAt,
    clock: clock.now(),
    credentials,
    records: kept,
    uses: new Map(),
  };
  await replaceWhole(target, content, key);
  return { credentials: credentials.length, records: kept.length };
}

/** From such a file. The newer wins, of each credential and each record. @throws {StateProblem} */
export async function importState(
  path: string,
  { store, records }: Place,
  keys: readonly SealingKey[],
  clock: Clock,
): Promise<TakenIn> {
  const { content } = readState(resolve(path), keys);
  if (content === undefined) throw new StateProblem(resolve(path), 'is not there');
  const credentials = await inBatches(living(content, clock), (kept) => takeCredential(kept, store));
  const outcomes = await inBatches(content.records, (record) => takeRecord(record, records));
  const count = (all: readonly boolean[]): number => all.filter((taken) => taken).length;
  const taken = { credentials: count(credentials), records: count(outcomes) };
  return {
    taken,
    left: {
      credentials: content.credentials.length - taken.credentials,
      records: content.records.length - taken.records,
    },
  };
}

/** Some at a time: they share the writes of a file, and none waits long for Redis. */
async function inBatches<T>(all: readonly T[], take: (one: T) => Promise<boolean>): Promise<boolean[]> {
  const taken: boolean[] = [];
  for (let from = 0; from < all.length; from += BATCH)
    taken.push(...(await Promise.all(all.slice(from, from + BATCH).map(take))));
  return taken;
}

/** On this process's clock; nothing where nobody knows how long ago the file was written. */
function living({ writtenAt, clock: then, credentials }: StateContent, clock: Clock): KeptCredential[] {
  const elapsed = elapsedSince(writtenAt, markNow(clock.wallNow()));
  if (elapsed === undefined) return [];
  const now = clock.now();
  return credentials
    .map((kept) => shifted(kept, now - then - elapsed))
    .filter(({ held }) => held.expiresAt > now);
}

/** A fence is of the store that gave it; without one the later call wins. */
async function takeCredential({ appid, held }: KeptCredential, store: TokenStore): Promise<boolean> {
  return (await store.save(appid, { ...held, fence: undefined })).saved;
}

async function takeRecord(record: KeptRecord, records: DurableRecords): Promise<boolean> {
  const { collection, name, version, value } = record;
  const found = await records.read(collection, name);
  if (found !== undefined && found.version >= version) return false;
  return (await records.write(collection, name, value, found?.version ?? 0)).written;
}
