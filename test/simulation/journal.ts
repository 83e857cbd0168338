import { createHash } from 'node:crypto';

const EPOCH_MS = Date.UTC(2026, 0, 1);
const MOST_LINES = 5000;

/** What happened: the last of it for a person who looks into a failure, and a digest of all of it. */
export class Journal {
  readonly #lines: string[] = [];
  readonly #hash = createHash('sha256');

  constructor(private readonly now: () => number) {}

  note(what: string): void {
    const line = `${((this.now() - EPOCH_MS) / 1000).toFixed(3).padStart(12)} s  ${what}`;
    this.#hash.update(line);
    this.#lines.push(line);
    if (this.#lines.length > 2 * MOST_LINES) this.#lines.splice(0, MOST_LINES);
  }

  /** The same for the same seed, and for no other course of events. */
  get digest(): string {
    return this.#hash.copy().digest('hex');
  }

  last(lines: number): readonly string[] {
    return this.#lines.slice(-lines);
  }
}
