import type { Clock } from '../../clock/clock.js';
import { nextVersion, type DurableRecord, type WriteOutcome } from '../durable-records.js';
import { HeldRecords } from './held-records.js';

/** For tests, and for a hub that has nothing to keep: nothing outlives the process. */
export class MemoryRecords extends HeldRecords {
  constructor(private readonly clock: Pick<Clock, 'wallNow'>) {
    super();
  }

  override write(collection: string, name: string, value: string, over: number): Promise<WriteOutcome> {
    const version = nextVersion(over, this.clock.wallNow());
    return Promise.resolve(this.#change(collection, name, over, { version, value }));
  }

  override delete(collection: string, name: string, over: number): Promise<WriteOutcome> {
    return Promise.resolve(this.#change(collection, name, over, undefined));
  }

  #change(collection: string, name: string, over: number, record: DurableRecord | undefined): WriteOutcome {
    const found = this.of(collection).get(name);
    if ((found?.version ?? 0) !== over) return { written: false, found };
    this.put(collection, name, record);
    return { written: true, version: record?.version ?? over };
  }
}
