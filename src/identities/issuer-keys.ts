import { importJWK, type CryptoKey } from 'jose';
import type { Clock, TimerHandle } from '../clock/clock.js';
import type { IssuerSettings } from '../core/access/identity.js';
import { FETCH_LIMIT_MS, KeysUnavailable, type ReadKeys } from './key-source.js';
import type { TokenHeader } from './rules/header.js';
import { keyFor, type PublicKey } from './rules/key-set.js';

/** Between two readings that succeed: so long a key that the issuer took back is still believed. Milliseconds. */
const READ_EVERY_MS = 10 * 60_000;
/** The same of a file, which costs nothing. */
const READ_FILE_EVERY_MS = 60_000;
/** After a reading that failed. */
const AGAIN_AFTER_MS = 30_000;
/** At most so often an issuer is asked because a token names a key that is not known, whoever sends how many. */
const ASK_EVERY_MS = 30_000;
/** So long keys hold while the issuer cannot be reached. */
const HOLD_MS = 24 * 3_600_000;

interface HeldKey extends PublicKey {
  readonly crypto: CryptoKey;
}

/** What is known of an issuer now. Times: epoch ms on the hub's clock. */
export interface IssuerStatus {
  readonly id: string;
  /** Keys that hold. */
  readonly keys: number;
  /** `undefined`: never yet. */
  readonly readAt: number | undefined;
  /** Why the last reading failed, free of secrets; `undefined`: it did not, or none has ended. */
  readonly failure: string | undefined;
}

/**
 * The keys of one issuer.
 *
 * - Read at the start and every 10 minutes (a file: every minute), again 30 s after a failure. Each good reading takes
 *   the place of the one before: what the issuer took back is gone.
 * - While it cannot be reached, or gives nothing that is a key, those of the last good reading hold, for 24 h.
 * - A key that is not known is looked for at once, by one reading for all who ask, at most once in 30 s.
 */
export class IssuerKeys {
  #keys: readonly HeldKey[] = [];
  #readAt: number | undefined;
  #failure: string | undefined;
  #reading: Promise<void> | undefined;
  #askedAt = -Infinity;
  #timer: TimerHandle | undefined;
  readonly #stopped = new AbortController();

  constructor(
    readonly settings: IssuerSettings,
    private readonly clock: Clock,
    private readonly read: ReadKeys,
    /** Called after each reading. */
    private readonly told: (status: IssuerStatus) => void,
  ) {}

  get status(): IssuerStatus {
    const keys = this.#held().length;
    return { id: this.settings.id, keys, readAt: this.#readAt, failure: this.#failure };
  }

  /** Begins to read, now and from now on. */
  start(): void {
    void this.#readOnce();
  }

  /** Ends a reading under way. */
  stop(): void {
    this.clock.clearTimeout(this.#timer);
    this.#stopped.abort();
  }

  /** The key that a token says it was signed with; waits at most for one reading. */
  async find(header: TokenHeader): Promise<CryptoKey | 'unknown_signing_key' | 'issuer_unavailable'> {
    const known = keyFor(this.#held(), header);
    if (known !== undefined) return known.crypto;
    await this.#ask();
    const held = this.#held();
    return keyFor(held, header)?.crypto ?? (held.length === 0 ? 'issuer_unavailable' : 'unknown_signing_key');
  }

  #held(): readonly HeldKey[] {
    return this.#readAt !== undefined && this.clock.now() - this.#readAt < HOLD_MS ? this.#keys : [];
  }

  #ask(): Promise<void> | undefined {
    if (this.#reading !== undefined) return this.#reading;
    const now = this.clock.now();
    if (now - this.#askedAt < ASK_EVERY_MS) return undefined;
    this.#askedAt = now;
    return this.#readOnce();
  }

  /** Never rejects. */
  #readOnce(): Promise<void> {
    if (this.#stopped.signal.aborted) return Promise.resolve();
    this.clock.clearTimeout(this.#timer);
    this.#reading = this.#take().then((ok) => {
      this.#reading = undefined;
      if (this.#stopped.signal.aborted) return;
      const every = this.settings.jwksFile === undefined ? READ_EVERY_MS : READ_FILE_EVERY_MS;
      this.#timer = this.clock.setTimeout(
        () => {
          void this.#readOnce();
        },
        ok ? every : AGAIN_AFTER_MS,
      );
      this.told(this.status);
    });
    return this.#reading;
  }

  async #take(): Promise<boolean> {
    const overTime = new AbortController();
    const timer = this.clock.setTimeout(() => {
      overTime.abort();
    }, FETCH_LIMIT_MS);
    const limit = AbortSignal.any([overTime.signal, this.#stopped.signal]);
    try {
      const keys = await imported(await this.read(this.settings, limit));
      if (keys.length === 0) throw new KeysUnavailable('none of its keys is one');
      this.#keys = keys;
      this.#readAt = this.clock.now();
      this.#failure = undefined;
      return true;
    } catch (error) {
      this.#failure = error instanceof KeysUnavailable ? error.message : 'its keys could not be read';
      return false;
    } finally {
      this.clock.clearTimeout(timer);
    }
  }
}

/** Those that are none after all, such as points that are not on their curve, are left out. */
async function imported(keys: readonly PublicKey[]): Promise<readonly HeldKey[]> {
  const held: HeldKey[] = [];
  for (const key of keys) {
    try {
      const crypto = await importJWK({ ...key.jwk }, key.alg);
      if (!(crypto instanceof Uint8Array)) held.push({ ...key, crypto });
    } catch {
      // Nobody can have signed with it.
    }
  }
  return held;
}
