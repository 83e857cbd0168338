import type { Clock } from '../../clock/clock.js';
import { DurableRecords, nextVersion, type DurableRecord, type WriteOutcome } from '../durable-records.js';

/** For tests, and for a hub that has nothing to keep: nothing outlives the process. */
export class MemoryRecords extends DurableRecords {
  readonly #collections = new Map<string, Map<string, DurableRecord>>();
  readonly #revisions = new Map<string, number>();

  constructor(private readonly clock: Pick<Clock, 'wallNow'>) {
    super();
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
    return Promise.resolve(
      this.#change(collection, name, over, (records) => {
        const version = nextVersion(over, this.clock.wallNow());
        records.set(name, { version, value });
        return version;
      }),
    );
  }

  override delete(collection: string, name: string, over: number): Promise<WriteOutcome> {
    return Promise.resolve(
      this.#change(collection, name, over, (records) => {
        records.delete(name);
        return over;
      }),
    );
  }

  #change(
    collection: string,
    name: string,
    over: number,
    act: (records: Map<string, DurableRecord>) => number,
  ): WriteOutcome {
    const records = this.#collections.get(collection) ?? new Map<string, DurableRecord>();
    this.#collections.set(collection, records);
    const found = records.get(name);
    if ((found?.version ?? 0) !== over) return { written: false, found };
    this.#revisions.set(collection, (this.#revisions.get(collection) ?? 0) + 1);
    return { written: true, version: act(records) };
  }
}
