import { isValid, type CredentialKind, type Held } from '../core/credential.js';
import { flat } from '../core/flat-text.js';
import { vouchedUntil } from '../core/refresh-policy.js';
import { tokenAnswerParts } from '../core/token-answer.js';

/**
 * A token in the form in which callers get it: all of the answer but `expires_in` is made once, and what a request
 * needs to know lies in this one object. Each further object on the way is a look into cold memory for an app that
 * was not asked for lately, and ten thousand apps asked in turn are all such (bench/README.md). Never changed.
 */
export class ReadyToken {
  /** As in {@link Held}. */
  readonly expiresAt: number;
  readonly kind: CredentialKind;
  readonly version: number;
  /** Strong: the same version is the same token. */
  readonly etag: string;
  readonly #nextAttemptAt: number;
  readonly #doubtfulSince: number | undefined;
  readonly #head: string;
  readonly #tail: string;

  /**
   * @param nextAttemptAt Epoch ms on the hub's clock; `undefined`: not decided.
   * @param doubtfulSince As in `CredentialState`.
   */
  constructor(
    readonly held: Held,
    nextAttemptAt: number | undefined,
    doubtfulSince: number | undefined,
  ) {
    const { head, tail, etag } = tokenAnswerParts(held);
    this.expiresAt = held.expiresAt;
    this.kind = held.kind;
    this.version = held.version;
    this.etag = flat(etag);
    this.#nextAttemptAt = nextAttemptAt ?? Number.NEGATIVE_INFINITY;
    this.#doubtfulSince = doubtfulSince;
    this.#head = flat(head);
    this.#tail = flat(tail);
  }

  isValid(now: number): boolean {
    return isValid(this, now);
  }

  /** How long the hub vouches for it, whole seconds. */
  expiresInSeconds(now: number): number {
    const until = vouchedUntil(this, this.#nextAttemptAt, now, this.#doubtfulSince);
    return Math.floor((until - now) / 1000);
  }

  /** The body of a token answer. ASCII. */
  body(expiresInSeconds: number): string {
    return `${this.fields(expiresInSeconds)}}`;
  }

  /** The body without the closing brace, for answers that say more. */
  fields(expiresInSeconds: number): string {
    return `${this.#head}${expiresInSeconds}${this.#tail}`;
  }

  /** WeChat's own form: `{"access_token":…,"expires_in":…}`. */
  wechatBody(expiresInSeconds: number): string {
    return `${this.#head}${expiresInSeconds}}`;
  }
}
