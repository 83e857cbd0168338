/** When something was so, in world time: a list of spells, the last of which may go on. */
export class Spells {
  readonly #past: { readonly from: number; readonly to: number }[] = [];
  #since: number | undefined;

  get active(): boolean {
    return this.#since !== undefined;
  }

  begin(now: number): void {
    this.#since ??= now;
  }

  end(now: number): void {
    if (this.#since === undefined) return;
    this.#past.push({ from: this.#since, to: now });
    if (this.#past.length > MOST_REMEMBERED) this.#past.shift();
    this.#since = undefined;
  }

  /** Whether it was so at some moment between the two, both included. */
  during(from: number, to: number): boolean {
    if (this.#since !== undefined && this.#since <= to) return true;
    return this.#past.some((spell) => spell.from <= to && spell.to >= from);
  }

  /** For how long it was so since `from`, ms. */
  lengthSince(from: number, now: number): number {
    const open = this.#since === undefined ? 0 : now - Math.max(this.#since, from);
    return this.#past.reduce((sum, spell) => sum + Math.max(0, spell.to - Math.max(spell.from, from)), open);
  }
}

/** Far more than come together within the longest life of a token. */
const MOST_REMEMBERED = 200;
