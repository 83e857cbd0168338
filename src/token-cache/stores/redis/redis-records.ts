import type { Clock } from '../../../clock/clock.js';
import { DurableRecords, nextVersion, type DurableRecord, type WriteOutcome } from '../../durable-records.js';
import { RECORDS_READ, RECORD_DELETE, RECORD_NAMES, RECORD_READ, RECORD_WRITE } from './record-scripts.js';
import type { Script } from './scripts.js';
import type { SealedFor, Sealer } from './seal.js';

/** Runs a script; rejects with StoreUnavailable. */
export type RunScript = (
  script: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<unknown>;

/** `1 <version> <sealed>`: record-scripts.ts. */
const FORM = /^1 (\d{1,16}) (.*)$/s;
/** Names, or records, that one command reads: a millisecond or two of Redis's time. */
const PAGE = 250;

/** In the Redis that replicas share. Keys: `<prefix>{<collection>}:record:<name>`, `…:records`, `…:revision`. */
export class RedisRecords extends DurableRecords {
  constructor(
    private readonly run: RunScript,
    private readonly sealer: Sealer,
    private readonly prefix: string,
    private readonly clock: Pick<Clock, 'wallNow'>,
  ) {
    super();
  }

  override async read(collection: string, name: string): Promise<DurableRecord | undefined> {
    const [text] = (await this.run(RECORD_READ, [this.#key(collection, name)], [])) as unknown[];
    return this.#opened(text, collection, name);
  }

  override async list(collection: string): Promise<ReadonlyMap<string, DurableRecord>> {
    const found = new Map<string, DurableRecord>();
    for (let from = 0; ; from += PAGE) {
      const page = [from, from + PAGE - 1];
      const read = (await this.run(RECORD_NAMES, [this.#of(collection, 'records')], page)) as unknown[];
      const names = read.map(String);
      if (names.length > 0) await this.#readAll(collection, names, found);
      if (names.length < PAGE) return found;
    }
  }

  override async revision(collection: string): Promise<number> {
    const [text] = (await this.run(RECORD_READ, [this.#of(collection, 'revision')], [])) as unknown[];
    return Number(text) || 0;
  }

  override async write(collection: string, name: string, value: string, over: number): Promise<WriteOutcome> {
    const version = nextVersion(over, this.clock.wallNow());
    const sealed = this.sealer.seal(value, placeOf(collection, name, version));
    const outcome = await this.#change(RECORD_WRITE, collection, name, [name, over, version, sealed]);
    return outcome ?? { written: true, version };
  }

  override async delete(collection: string, name: string, over: number): Promise<WriteOutcome> {
    const outcome = await this.#change(RECORD_DELETE, collection, name, [name, over]);
    return outcome ?? { written: true, version: over };
  }

  /** `undefined`: done. */
  async #change(
    script: Script,
    collection: string,
    name: string,
    args: readonly (string | number)[],
  ): Promise<WriteOutcome | undefined> {
    const keys = [
      this.#key(collection, name),
      this.#of(collection, 'records'),
      this.#of(collection, 'revision'),
    ];
    const [answer, text] = (await this.run(script, keys, args)) as unknown[];
    if (answer === 'written') return undefined;
    return { written: false, found: this.#opened(text, collection, name) };
  }

  async #readAll(
    collection: string,
    names: readonly string[],
    found: Map<string, DurableRecord>,
  ): Promise<void> {
    const keys = names.map((name) => this.#key(collection, name));
    const texts = (await this.run(RECORDS_READ, keys, [])) as unknown[];
    names.forEach((name, nth) => {
      const record = this.#opened(texts[nth], collection, name);
      if (record !== undefined) found.set(name, record);
    });
  }

  /** What is no record at all has version 0, as nothing has: it is written over. */
  #opened(text: unknown, collection: string, name: string): DurableRecord | undefined {
    if (typeof text !== 'string' || text === '') return undefined;
    const [, digits, sealed] = FORM.exec(text) ?? [];
    if (digits === undefined || sealed === undefined) return { version: 0, value: undefined };
    const version = Number(digits);
    return { version, value: this.sealer.open(sealed, placeOf(collection, name, version)) };
  }

  #key(collection: string, name: string): string {
    return this.#of(collection, `record:${name}`);
  }

  #of(collection: string, what: string): string {
    return `${this.prefix}{${collection}}:${what}`;
  }
}

/** A sealed value opens in its own record alone. No kind of credential begins like this. */
function placeOf(collection: string, name: string, version: number): SealedFor {
  return { appid: collection, kind: `record/${name}`, version };
}
