/** The two token endpoints mint from isolated families ("getStableAccessToken": neither touches the other's). */
export type TokenFamily = 'token' | 'stable_token';
export type TicketType = 'jsapi' | 'wx_card';
/** What WeCom gives besides. */
export type WeComFamily = 'gettoken' | 'agent_config';
/** A third-party platform's own, and those of accounts that have authorised it. */
export type PlatformFamily = 'component_token' | 'authorizer_token';

/** What the simulator knows of a token or ticket. Times in epoch ms of the simulated clock. */
export interface Validity {
  readonly appid: string;
  readonly family: TokenFamily | TicketType | WeComFamily | PlatformFamily;
  readonly bornAt: number;
  /** End of the life that was promised with it. */
  readonly expiresAt: number;
  /** When it stops to work: `expiresAt`, or earlier where it was superseded. Alive while `bornAt <= t < diesAt`. */
  readonly diesAt: number;
}

export interface Credential extends Validity {
  readonly value: string;
  diesAt: number;
}

/** Below this many entries a sweep is not worth its while. */
const SMALLEST_SWEEP = 1024;

/**
 * Every token and ticket minted, alive or not dead for long: the oracle of the tests.
 *
 * - The dead are swept when the ledger has doubled since the last sweep: constant cost per mint, bounded memory.
 */
export class CredentialLedger {
  readonly #random: () => number;
  readonly #historyMs: number;
  readonly #entries = new Map<string, Credential>();
  #serial = 0;
  #sweepAtSize = SMALLEST_SWEEP;

  /** The dead are remembered for `historyMs` at least. */
  constructor(random: () => number, historyMs: number) {
    this.#random = random;
    this.#historyMs = historyMs;
  }

  get size(): number {
    return this.#entries.size;
  }

  mint(appid: string, family: Validity['family'], lifeMs: number, now: number): Credential {
    const expiresAt = now + lifeMs;
    const value = this.#nextValue(family);
    const credential = { value, appid, family, bornAt: now, expiresAt, diesAt: expiresAt };
    this.#entries.set(value, credential);
    if (this.#entries.size >= this.#sweepAtSize) this.#sweep(now);
    return credential;
  }

  find(value: string): Credential | undefined {
    return this.#entries.get(value);
  }

  #sweep(now: number): void {
    for (const [value, { diesAt }] of this.#entries) {
      if (diesAt + this.#historyMs <= now) this.#entries.delete(value);
    }
    this.#sweepAtSize = Math.max(SMALLEST_SWEEP, this.#entries.size * 2);
  }

  /** Unique within the process by its serial number, across processes by randomness; plainly a fake. */
  #nextValue(family: Validity['family']): string {
    this.#serial += 1;
    const random = this.#random;
    const serial = this.#serial.toString(36);
    if (family === 'jsapi' || family === 'wx_card' || family === 'agent_config') {
      return fill(`SIMULATED-TICKET-${serial}-`, TICKET_LENGTH, random);
    }
    const length = TOKEN_LENGTH.least + Math.floor(random() * (TOKEN_LENGTH.most - TOKEN_LENGTH.least + 1));
    const firstDigits = 10 + (this.#serial % 90);
    return fill(`${firstDigits}_SIMULATED-${serial}-`, length, random);
  }
}

/** Lengths seen in real answers; "getAccessToken" only says to reserve at least 512 characters. */
const TOKEN_LENGTH = { least: 136, most: 190 };
const TICKET_LENGTH = 86;

const URL_SAFE = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-';

function fill(start: string, length: number, random: () => number): string {
  let text = start;
  while (text.length < length) text += URL_SAFE.charAt(Math.floor(random() * URL_SAFE.length));
  return text;
}

export function isAliveAt(validity: Validity, at: number): boolean {
  return validity.bornAt <= at && at < validity.diesAt;
}

export interface TokenBody {
  readonly access_token: string;
  readonly expires_in: number;
}

export interface TicketBody {
  readonly errcode: 0;
  readonly errmsg: 'ok';
  readonly ticket: string;
  readonly expires_in: number;
}
