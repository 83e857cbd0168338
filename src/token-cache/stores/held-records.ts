import { DurableRecords, type DurableRecord } from '../durable-records.js';

/** Records that are all in memory, whatever else is done for them to last. */
export abstract class HeldRecords extends DurableRecords {
  protected readonly collections = new Map<string, Map<string, DurableRecord>>();
  readonly #revisions = new Map<string, number>();

  override read(collection: string, name: string): Promise<DurableRecord | undefined> {
    return Promise.resolve(this.collections.get(collection)?.get(name));
  }

  override list(collection: string): Promise<ReadonlyMap<string, DurableRecord>> {
    return Promise.resolve(new Map(this.collections.get(collection)));
  }

  override revision(collection: string): Promise<number> {
    return Promise.resolve(this.#revisions.get(collection) ?? 0);
  }

  protected of(collection: string): Map<string, DurableRecord> {
    const records = this.collections.get(collection) ?? new Map<string, DurableRecord>();
    this.collections.set(collection, records);
    return records;
  }

  /** @param record `undefined`: it goes */
  protected put(collection: string, name: string, record: DurableRecord | undefined): void {
    const records = this.of(collection);
    if (record === undefined) records.delete(name);
    else records.set(name, record);
    this.#revisions.set(collection, (this.#revisions.get(collection) ?? 0) + 1);
  }
}
