/**
 * How much of request bodies the hub holds at a time in case a call must be repeated, all calls together. When it is
 * used up, further calls stream without being held: one that then meets a dead token is not repeated.
 */
const MOST_BYTES = 128 * 1024 * 1024;

export class HeldBytes {
  #left: number;

  constructor(private readonly most: number = MOST_BYTES) {
    this.#left = most;
  }

  get held(): number {
    return this.most - this.#left;
  }

  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#left += bytes;
  }
}
