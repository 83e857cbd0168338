/** Something that must outlive the process: the authorisation of an account, the ticket of a platform. */
export interface DurableRecord {
  /** Positive; grows with each write of the record, also over a deletion between them. */
  readonly version: number;
  /** `undefined`: what is there is not of this hub, was altered, or is under a key that this hub does not have. */
  readonly value: string | undefined;
}

export type WriteOutcome =
  /** It is there, and would be after a crash of this process. */
  | { readonly written: true; readonly version: number }
  /** Another version is there, and stays; `undefined`: none is. Look at it, then decide again. */
  | { readonly written: false; readonly found: DurableRecord | undefined };

/** What a collection or a record may be called. */
export const RECORD_NAME = /^[A-Za-z0-9_.-]{1,128}$/;

/** A value has at most so many characters. */
export const LONGEST_RECORD = 65_536;

/**
 * Records that are read seldom and must not be lost: in Redis, or in the file of HUB_STATE_FILE. Callers are never
 * served from here. A record is a text under a name, in a collection; names are {@link RECORD_NAME}.
 *
 * - A write that has resolved has happened: it is on the disk (the file), or Redis has taken it.
 * - Writes compare and set: who does not know what is there writes nothing, so that no older answer comes over a newer
 *   one, whichever replica was paused, slow or repeats itself.
 * - Values are encrypted where there are HUB_ENCRYPTION_KEYS, each for its own place and version alone. One that does
 *   not open is told as such ({@link DurableRecord.value}), and never taken for what it is not.
 * - Every method rejects with StoreUnavailable (token-store.ts), within a bound of its own, where the store is gone. A
 *   write that was rejected may have happened all the same.
 */
export abstract class DurableRecords {
  /** `undefined`: there is none of that name. */
  abstract read(collection: string, name: string): Promise<DurableRecord | undefined>;

  /** All records of the collection by their names, those that cannot be read among them. */
  abstract list(collection: string): Promise<ReadonlyMap<string, DurableRecord>>;

  /**
   * A number that has changed whenever a record of the collection has: for who looks often and lists seldom. It may go
   * back with a store that has lost some of its memory.
   */
  abstract revision(collection: string): Promise<number>;

  /** @param over the version that is replaced; 0: there is none of that name */
  abstract write(collection: string, name: string, value: string, over: number): Promise<WriteOutcome>;

  /** @param over as of {@link write}. `written`: it is gone; `version` is the one that went */
  abstract delete(collection: string, name: string, over: number): Promise<WriteOutcome>;
}

/**
 * The version of a write over another: the wall clock's ms, or the next number where that is greater. So a record that
 * was deleted and written anew is never taken for the one before.
 */
export function nextVersion(over: number, wallNow: number): number {
  return Math.max(over + 1, Math.floor(wallNow));
}
