import type { LoginEnded } from '../events/login-events.js';
import { Counter, Durations } from './text-format.js';

/** Digits that WeChat sends as an errcode; anything longer is one `other`, so that no answer makes series at will. */
const MOST_ERRCODES = 200;

/** Users who log in, by what became of it. */
export class LoginMetrics {
  readonly #logins = new Counter(
    'wxhub_logins_total',
    'Codes that users logged in with, by what became of them.',
  );
  readonly #durations = new Durations(
    'wxhub_login_duration_seconds',
    'How long WeChat took for a login, from sending to the last byte.',
  );
  readonly #errcodes = new Set<number>();

  /** @param app how its app is named */
  record({ kind, result, errcode, durationMs, repeated }: LoginEnded, app: string): void {
    const shown = repeated ? 'repeated' : result;
    this.#logins.add(`${app},kind="${kind}",result="${shown}",errcode="${this.#shown(errcode)}"`);
    if (!repeated && result !== 'too_many') this.#durations.observe(`kind="${kind}"`, durationMs / 1000);
  }

  *lines(): Generator<string> {
    yield* this.#logins.lines();
    yield* this.#durations.lines();
  }

  #shown(errcode: number | undefined): string {
    if (errcode === undefined) return '';
    if (this.#errcodes.has(errcode)) return String(errcode);
    if (this.#errcodes.size >= MOST_ERRCODES) return 'other';
    this.#errcodes.add(errcode);
    return String(errcode);
  }
}
