/**
 * A value that must never be printed: an AppSecret, a token, a ticket, a key.
 *
 * Every common way to turn it into text (template, concatenation, `JSON.stringify`, `util.inspect`, a logger)
 * gives a placeholder; only {@link reveal} gives the value. `test/architecture.spec.ts` lists the files that may
 * call it, so that a new place where a secret leaves is a decision and never an accident.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself: for the wire to WeChat, the store, and the body of an authorised answer. Nowhere else. */
  reveal(): string {
    return this.#value;
  }

  equals(other: Secret | undefined): boolean {
    return other !== undefined && other.#value === this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  /** Node's `util.inspect`, and with it `console.log` and error printing, ask for this one. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return REDACTED;
  }
}

export const REDACTED = '[redacted]';
