import type { AppSettings } from '../core/app.js';
import { isValid, type CredentialKind, type Held, type UnseenMint } from '../core/credential.js';
import { flat } from '../core/flat-text.js';
import { guaranteedUntil } from '../core/refresh-policy.js';
import { tokenAnswerParts } from '../core/token-answer.js';
import type { StoreContact } from './replicas/store-contact.js';
import { endsTheOneBefore } from '../core/kinds/token-families.js';

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
  readonly lifeMs: number;
  /** Strong: the same version is the same token. */
  readonly etag: string;
  readonly refreshAheadSeconds: number;
  readonly #head: string;
  readonly #tail: string;

  constructor(
    readonly held: Held,
    { refreshAheadSeconds }: Pick<AppSettings, 'refreshAheadSeconds'>,
    private readonly unseen: UnseenMint | undefined,
    private readonly contact: Pick<StoreContact, 'mintsKnownUntil'>,
  ) {
    const { head, tail, etag } = tokenAnswerParts(held);
    this.expiresAt = held.expiresAt;
    this.kind = held.kind;
    this.version = held.version;
    this.lifeMs = held.lifeMs;
    this.refreshAheadSeconds = refreshAheadSeconds;
    this.etag = flat(etag);
    this.#head = flat(head);
    this.#tail = flat(tail);
  }

  isValid(now: number): boolean {
    return isValid(this, now);
  }

  /** How long the hub guarantees it, whole seconds. */
  expiresInSeconds(now: number): number {
    const until = endsTheOneBefore(this.kind)
      ? guaranteedUntil(this, this, this.unseen, this.contact.mintsKnownUntil(), now)
      : this.expiresAt;
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
