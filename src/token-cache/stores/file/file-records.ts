import type { Clock } from '../../../clock/clock.js';
import { codeOf } from '../../../config/small-file.js';
import { nextVersion, type DurableRecord, type WriteOutcome } from '../../durable-records.js';
import { StoreUnavailable } from '../../token-store.js';
import { HeldRecords } from '../held-records.js';
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
export class FileRecords extends HeldRecords {
  /** Changes on their way to the disk: one of a record at a time. */
  readonly #pending = new Map<string, Pending>();

  constructor(
    found: readonly KeptRecord[],
    private readonly disk: Disk,
    private readonly clock: Clock,
  ) {
    super();
    for (const { collection, name, version, value } of found)
      this.of(collection).set(name, { version, value });
  }

  /** What is to be on the disk. */
  *kept(): Generator<KeptRecord> {
    for (const [collection, records] of this.collections) {
      for (const [name, { version, value = '' }] of records) {
        if (!this.#pending.has(keyOf(collection, name))) yield { collection, name, version, value };
      }
    }
    for (const { collection, name, record } of this.#pending.values()) {
      if (record !== undefined)
        yield { collection, name, version: record.version, value: record.value ?? '' };
    }
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
    const found = this.of(collection).get(name);
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
        this.put(collection, name, record);
      })
      .finally(() => {
        this.#pending.delete(key);
        end();
      });
    await this.#within(flushed);
    return { written: true, version: record?.version ?? over };
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
