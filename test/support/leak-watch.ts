import type { Answer } from './start-hub.js';

/** A secret that was found where none may be. */
export interface Leak {
  /** What it is, as in `AppSecret of wx-shop`. */
  readonly what: string;
  /** Where it was found, as in `log line 12`. */
  readonly where: string;
  /** The text around it. */
  readonly excerpt: string;
}

interface Seen {
  readonly where: string;
  readonly text: string;
  /** Whether tokens and tickets belong there: an answer that was asked for one. AppSecrets and keys never do. */
  readonly mayHoldCredentials: boolean;
}

interface Guarded {
  readonly what: string;
  readonly isCredential: boolean;
  /** As it is, and as encoders would write it. */
  readonly spellings: readonly string[];
}

/** Every token and ticket of the simulator holds this, also those that no caller ever got (simulator/credentials.ts). */
const SIMULATED = 'SIMULATED-';
/** And every session_key this: base64 has no hyphen (simulator/users/made-up.ts). */
const SIMULATED_KEY = 'SIMULATED+';
/** Shorter ones would be found by accident. Characters. */
const SHORTEST = 8;
/** Answers of these paths, and all of the ops port, never hold a token. */
const WITHOUT_CREDENTIALS = /^\/(admin|console|livez|readyz|metrics|openapi)/;

/**
 * Holds everything that a hub says (log, answers, metrics) against everything that it must not say: AppSecrets,
 * callers' keys, tokens and tickets. startHub feeds it and asks it at the end, so each end-to-end test is one of leaks.
 */
export class LeakWatch {
  readonly #guarded = new Map<string, Guarded>();
  readonly #seen: Seen[] = [];

  constructor() {
    this.#guard('a token or ticket of the simulator', SIMULATED, true);
    this.#guard('a session_key of the simulator', SIMULATED_KEY, true);
  }

  /** An AppSecret or a key: it may appear nowhere. */
  addSecret(what: string, value: string): void {
    if (value.length >= SHORTEST) this.#guard(what, value, false);
  }

  /** A token or ticket that is none of the simulator: it may appear in the answers that were asked for one. */
  addCredential(what: string, value: string): void {
    if (value.includes(SIMULATED) || value.includes(SIMULATED_KEY)) return;
    if (value.length >= SHORTEST) this.#guard(what, value, true);
  }

  /** Something that may hold no secret at all. */
  sawText(where: string, text: string): void {
    this.#seen.push({ where, text, mayHoldCredentials: false });
  }

  /** An answer of a hub's callers' port. `path`: as requested, from the `/` on. */
  sawAnswer(path: string, { status, headers, text, json }: Answer): void {
    const isError = status >= 400 || (json?.errcode !== undefined && json.errcode !== 0);
    const where = `answer ${status} of ${path.split('?')[0] ?? ''}`;
    this.#seen.push({ where, text, mayHoldCredentials: !isError && !WITHOUT_CREDENTIALS.test(path) });
    this.sawText(`headers of ${where}`, [...headers].map((header) => header.join(': ')).join('\n'));
    for (const field of ['access_token', 'refresh_token', 'session_key', 'ticket']) {
      const value: unknown = json?.[field];
      if (typeof value === 'string') this.addCredential(`${field} that was served`, value);
    }
  }

  leaks(): Leak[] {
    return this.#seen.flatMap(({ where, text, mayHoldCredentials }) =>
      [...this.#guarded.values()].flatMap(({ what, isCredential, spellings }) => {
        if (isCredential && mayHoldCredentials) return [];
        const found = spellings.map((spelling) => text.indexOf(spelling)).find((at) => at >= 0);
        return found === undefined ? [] : [{ what, where, excerpt: excerptOf(text, found) }];
      }),
    );
  }

  /** @throws {Error} that names the first leaks. */
  assertNone(): void {
    const leaks = this.leaks();
    if (leaks.length === 0) return;
    const lines = leaks.slice(0, 5).map(({ what, where, excerpt }) => `${what} in ${where}: ${excerpt}`);
    throw new Error(`${leaks.length} leak(s) of secrets:\n${lines.join('\n')}`);
  }

  #guard(what: string, value: string, isCredential: boolean): void {
    if (this.#guarded.has(value)) return;
    const bytes = Buffer.from(value);
    const spellings = new Set([
      value,
      encodeURIComponent(value),
      JSON.stringify(value).slice(1, -1),
      bytes.toString('base64').replace(/=+$/, ''),
      bytes.toString('base64url'),
      bytes.toString('hex'),
    ]);
    this.#guarded.set(value, {
      what,
      isCredential,
      spellings: value === SIMULATED ? [value] : value === SIMULATED_KEY ? plainly(value) : [...spellings],
    });
  }
}

/** Base64 of a part is no part of the base64. */
function plainly(value: string): string[] {
  return [value, encodeURIComponent(value)];
}

/** Enough to find the place. */
function excerptOf(text: string, at: number): string {
  return text.slice(Math.max(0, at - 80), at + 40).replace(/\s+/g, ' ');
}
