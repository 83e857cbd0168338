import { hash } from 'node:crypto';
import type { Clock, TimerHandle } from '../clock/clock.js';
import { FairShares, type Holder, type Share } from '../core/fair-shares.js';
import type { LoginKind, LoginOutcome } from './rules/outcome.js';

/** How long an answer is kept after the call ended, for the same client's repeat. Milliseconds (CONTRACT section 7). */
export const REPEAT_WITHIN_MS = 10_000;
/**
 * What may be remembered at a time, bytes: some 90,000 codes in all, 9,000 a second, and 60,000 of one app. What is over
 * is not sent rather than forgotten, since a code that is forgotten could be sent twice.
 */
const BYTES = { most: 64 * 1024 * 1024, mostOfApp: 40 * 1024 * 1024 };
/** Of an entry beside its answer, about. Bytes. */
const ENTRY_BYTES = 600;

/** Who sends which code. */
export interface CodeUse {
  readonly clientId: string;
  readonly app: Holder;
  readonly kind: LoginKind;
  readonly code: string;
}

export type Remembered =
  /** The same client's repeat: the first call's answer. */
  | { readonly kind: 'repeat'; readonly outcome: Promise<LoginOutcome> }
  /** Somebody else's, or for something else: the code is used, and its answer is nobody else's. */
  | { readonly kind: 'spent' }
  /** Nobody has sent it lately, and there is no room to remember that somebody does. */
  | { readonly kind: 'full' }
  | { readonly kind: 'new' };

interface Entry {
  readonly key: string;
  readonly clientId: string;
  readonly share: Share;
  readonly loginKind: LoginKind;
  readonly outcome: Promise<LoginOutcome>;
  bytes: number;
  endedAt: number;
}

/**
 * Codes that were sent lately, under a hash of app and code: single-flight, and a short memory of the answers.
 *
 * - A code that is here is not sent again by anybody.
 * - Its answer is for the client that sent it first, and for what that one asked.
 * - {@link REPEAT_WITHIN_MS} after its call has ended it is forgotten, by a timer: answers are secrets.
 */
export class CodeMemory {
  readonly #entries = new Map<string, Entry>();
  readonly #shares = new FairShares(BYTES);
  /** Those whose calls have ended, in the order of their ends. */
  readonly #ended: Entry[] = [];
  #timer: TimerHandle | undefined;

  constructor(private readonly clock: Clock) {}

  /** Codes remembered now. */
  get size(): number {
    return this.#entries.size;
  }

  find({ clientId, app, kind, code }: CodeUse): Remembered {
    this.#forget();
    const entry = this.#entries.get(keyOf(app.appid, code));
    if (entry === undefined) return { kind: this.#shares.of(app).room > 0 ? 'new' : 'full' };
    const isRepeat = entry.clientId === clientId && entry.loginKind === kind;
    return isRepeat ? { kind: 'repeat', outcome: entry.outcome } : { kind: 'spent' };
  }

  /** A code that {@link find} called new is sent now. `outcome` never rejects. */
  remember({ clientId, app, kind, code }: CodeUse, outcome: Promise<LoginOutcome>): void {
    const key = keyOf(app.appid, code);
    const share = this.#shares.of(app);
    const entry = { key, clientId, share, loginKind: kind, outcome, bytes: 0, endedAt: Infinity };
    this.#entries.set(key, entry);
    this.#weigh(entry, ENTRY_BYTES);
    void outcome.then((known) => {
      entry.endedAt = this.clock.now();
      this.#weigh(entry, entry.bytes + sizeOf(known));
      this.#ended.push(entry);
      this.#arm();
    });
  }

  close(): void {
    this.clock.clearTimeout(this.#timer);
  }

  #weigh(entry: Entry, bytes: number): void {
    entry.share.add(bytes - entry.bytes);
    entry.bytes = bytes;
  }

  #forget(): void {
    const now = this.clock.now();
    let over = 0;
    for (const entry of this.#ended) {
      if (now - entry.endedAt <= REPEAT_WITHIN_MS) break;
      this.#entries.delete(entry.key);
      this.#weigh(entry, 0);
      over += 1;
    }
    if (over > 0) this.#ended.splice(0, over);
  }

  /** One timer, for the entry that ended first. */
  #arm(): void {
    const [first] = this.#ended;
    if (this.#timer !== undefined || first === undefined) return;
    this.#timer = this.clock.setTimeout(
      () => {
        this.#timer = undefined;
        this.#forget();
        this.#arm();
      },
      Math.max(0, first.endedAt + REPEAT_WITHIN_MS + 1 - this.clock.now()),
    );
  }
}

function keyOf(appid: string, code: string): string {
  // An appid has no line feed in it: no two pairs make the same text.
  return hash('sha256', `${appid}\n${code}`, 'base64');
}

/** Characters of an answer, about. */
function sizeOf(outcome: LoginOutcome): number {
  return outcome.kind === 'granted' ? outcome.text.length : outcome.error.errmsg.length;
}
