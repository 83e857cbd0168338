import type { Clock } from '../../../clock/clock.js';
import { codeOf } from '../../../config/small-file.js';
import { DurableRecords, nextVersion, type DurableRecord, type WriteOutcome } from '../../durable-records.js';
import { StoreUnavailable } from '../../token-store.js';
import type { KeptRecord } from './state-lines.js';

/** A disk that does not take a record within this time is as good as gone, ms. */
const PATIENCE_MS = 10_000;

/** What carries changes to the disk. */
interface Disk {
  changed(): void;
  /** As of {@link GroupCommit.flushed}. */
  flushed(): Promise<void>;
}

interface Pending {
  readonly collection: string;
  readonly name: string;
  /** `undefined`: a deletion. */
  readonly record: DurableRecord | undefined;
  /** Never rejects. */
  readonly over: Promise<void>;
}

/**
 * In the file of one process. What is read is on the disk, always: a change is seen once it is there, and one that the
 * disk did not take has not happened.
 */
export class FileRecords extends DurableRecords {
  readonly #collections = new Map<string, Map<string, DurableRecord>>();
  readonly #revisions = new Map<string, number>();
  /** Changes on their way to the disk: one of a record at a time. */
  readonly #pending = new Map<string, Pending>();

  constructor(
    found: readonly KeptRecord[],
    private readonly disk: Disk,
    private readonly clock: Clock,
  ) {
    super();
    for (const { collection, name, version, value } of found)
      this.#of(collection).set(name, { version, value });
  }

  /** What is to be on the disk. */
  *kept(): Generator<KeptRecord> {
    for (const [collection, records] of this.#collections) {
      for (const [name, { version, value = '' }] of records) {
        if (!this.#pending.has(keyOf(collection, name))) yield { collection, name, version, value };
      }
    }
    for (const { collection, name, record } of this.#pending.values()) {
      if (record !== undefined)
        yield { collection, name, version: record.version, value: record.value ?? '' };
    }
  }

  override read(collection: string, name: string): Promise<DurableRecord | undefined> {
    return Promise.resolve(this.#collections.get(collection)?.get(name));
  }

  override list(collection: string): Promise<ReadonlyMap<string, DurableRecord>> {
    return Promise.resolve(new Map(this.#collections.get(collection)));
  }

  override revision(collection: string): Promise<number> {
    return Promise.resolve(this.#revisions.get(collection) ?? 0);
  }

  override write(collection: string, name: string, value: string, over: number): Promise<WriteOutcome> {
    const version = nextVersion(over, this.clock.wallNow());
    return this.#change(collection, name, over, { version, value });
  }

  override delete(collection: string, name: string, over: number): Promise<WriteOutcome> {
    return this.#change(collection, name, over, undefined);
  }

  async #change(
    collection: string,
    name: string,
    over: number,
    record: DurableRecord | undefined,
  ): Promise<WriteOutcome> {
    const key = keyOf(collection, name);
    for (let before = this.#pending.get(key); before !== undefined; before = this.#pending.get(key)) {
      await this.#within(before.over);
    }
    const records = this.#of(collection);
    const found = records.get(name);
    if ((found?.version ?? 0) !== over) return { written: false, found };
    let end: () => void = () => undefined;
    const settled = new Promise<void>((resolve) => {
      end = resolve;
    });
    // Before the disk is told: it takes what there is at that moment.
    this.#pending.set(key, { collection, name, record, over: settled });
    this.disk.changed();
    const flushed = this.disk
      .flushed()
      .then(() => {
        if (record === undefined) records.delete(name);
        else records.set(name, record);
        this.#revisions.set(collection, (this.#revisions.get(collection) ?? 0) + 1);
      })
      .finally(() => {
        this.#pending.delete(key);
        end();
      });
    await this.#within(flushed);
    return { written: true, version: record?.version ?? over };
  }

  #of(collection: string): Map<string, DurableRecord> {
    const records = this.#collections.get(collection) ?? new Map<string, DurableRecord>();
    this.#collections.set(collection, records);
    return records;
  }

  /** @throws {StoreUnavailable} */
  #within(flushed: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.clock.setTimeout(() => {
        reject(new StoreUnavailable('the state file is not written: the disk takes too long'));
      }, PATIENCE_MS);
      flushed
        .then(resolve, (error: unknown) => {
          reject(new StoreUnavailable(`the state file cannot be written (${codeOf(error)})`));
        })
        .finally(() => {
          this.clock.clearTimeout(timer);
        });
    });
  }
}

function keyOf(collection: string, name: string): string {
  return `${collection}/${name}`;
}
