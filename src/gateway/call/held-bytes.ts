/**
 * How much of request bodies the hub holds at a time, all calls together: to look into them before they leave, and in
 * case a call must be repeated.
 */
const MOST_BYTES = 128 * 1024 * 1024;

/** What the calls of one app hold. */
export interface HeldByApp {
  /** `false`: not so much more. Nothing is taken then. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

/** One app may hold as much as is left for all others: however slow the senders of one are, the others have room. */
export class HeldBytes {
  #left: number;
  /** Apps are few and stay: entries are not removed. */
  readonly #apps = new Map<string, HeldByApp>();

  constructor(private readonly most: number = MOST_BYTES) {
    this.#left = most;
  }

  get held(): number {
    return this.most - this.#left;
  }

  of(appid: string): HeldByApp {
    let known = this.#apps.get(appid);
    if (known === undefined) {
      known = this.#app();
      this.#apps.set(appid, known);
    }
    return known;
  }

  #app(): HeldByApp {
    let held = 0;
    return {
      take: (bytes) => {
        if (held + bytes > this.#left - bytes) return false;
        held += bytes;
        this.#left -= bytes;
        return true;
      },
      give: (bytes) => {
        held -= bytes;
        this.#left += bytes;
      },
    };
  }
}
