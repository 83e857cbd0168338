import { Injectable } from '@nestjs/common';
import type { ClaimMemory } from '../config/folder/claim-memory.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { HubEvents } from '../events/hub-events.js';
import { DurableRecords, LONGEST_RECORD } from '../token-cache/durable-records.js';
import { StoreUnavailable, TokenStore } from '../token-cache/token-store.js';

const COLLECTION = 'claims';
/** Of one claim, see claimId. */
const CLAIM_LENGTH = 12;
const CLAIMS_PER_RECORD = Math.floor(LONGEST_RECORD / CLAIM_LENGTH);
/** Another replica has written meanwhile: it has read the same file, or soon will. */
const TRIES = 4;

/**
 * Which file of a folder has which apps, keys and identities, kept in Redis or the state file: so that at a start, too,
 * who had something first keeps it. With neither, nothing outlives the process, and the first in the order of files
 * has it.
 *
 * A record holds the claims of one file, `0.team-a.yaml`; what is more than fits goes on in `1.team-a.yaml`.
 */
@Injectable()
export class KeptClaims implements ClaimMemory {
  /** What is to be written yet, by file. */
  readonly #waiting = new Map<string, readonly string[]>();
  /** Records that are there, as far as is known: their versions. */
  readonly #versions = new Map<string, number>();
  #writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly records: DurableRecords,
    private readonly store: TokenStore,
    private readonly events: HubEvents,
    config: AppsConfig,
  ) {
    config.remember(this);
    events.on('storeChanged', ({ available }) => {
      if (available) this.#write();
    });
  }

  async recall(): Promise<ReadonlyMap<string, readonly string[]>> {
    const files = new Map<string, string[]>();
    try {
      // The first contact, and waits for it.
      await this.store.load([]);
      for (const [name, { version, value }] of await this.records.list(COLLECTION)) {
        this.#versions.set(name, version);
        const file = name.slice(name.indexOf('.') + 1);
        files.set(file, [...(files.get(file) ?? []), ...claimsIn(value ?? '')]);
      }
    } catch (error) {
      this.#tell(error);
    }
    return files;
  }

  keep(file: string, claims: readonly string[]): void {
    this.#waiting.set(file, claims);
    this.#write();
  }

  /** Resolves when what was to be written is, or cannot be now. */
  async written(): Promise<void> {
    await this.#writing;
  }

  #write(): void {
    this.#writing = this.#writing.then(async () => {
      for (const [file, claims] of [...this.#waiting]) {
        try {
          await this.#writeFile(file, claims);
        } catch (error) {
          this.#tell(error);
          return;
        }
        if (this.#waiting.get(file) === claims) this.#waiting.delete(file);
      }
    });
  }

  async #writeFile(file: string, claims: readonly string[]): Promise<void> {
    const texts: string[] = [];
    for (let from = 0; from < claims.length; from += CLAIMS_PER_RECORD)
      texts.push(claims.slice(from, from + CLAIMS_PER_RECORD).join(''));
    const before = [...this.#versions.keys()].filter((name) => name.slice(name.indexOf('.') + 1) === file);
    const names = new Set([...texts.map((_text, part) => `${part}.${file}`), ...before]);
    for (const name of names) await this.#put(name, texts[Number.parseInt(name, 10)]);
  }

  async #put(name: string, text: string | undefined): Promise<void> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const over = this.#versions.get(name) ?? 0;
      const outcome =
        text === undefined
          ? await this.records.delete(COLLECTION, name, over)
          : await this.records.write(COLLECTION, name, text, over);
      if (!outcome.written && outcome.found !== undefined) {
        this.#versions.set(name, outcome.found.version);
        if (outcome.found.value === text) return;
        continue;
      }
      if (outcome.written && text !== undefined) this.#versions.set(name, outcome.version);
      else this.#versions.delete(name);
      if (outcome.written || text === undefined) return;
    }
  }

  /** That the store is away is told by itself, and what waits is written when it is back. */
  #tell(error: unknown): void {
    if (!(error instanceof StoreUnavailable)) this.events.emit('troubleSeen', { where: 'claims', error });
  }
}

function claimsIn(text: string): string[] {
  return text.match(/.{12}/gs) ?? [];
}
