import { roomBeside } from '../../core/fair-shares.js';

/**
 * What a call is for:
 * - `first`: the first one for a credential in this process;
 * - `again`: a further one, and there still is no valid credential;
 * - `renewal`: there is a valid one.
 */
export type CallKind = 'first' | 'again' | 'renewal';

/** One that waits for a place. */
export interface Waiting {
  readonly kind: CallKind;
  start: () => void;
  started: boolean;
}

/** What one tenant has under way, and what waits. */
export class Lane {
  readonly underWay: Counts = newCounts();
  readonly waiting: Counts = newCounts();
  readonly urgent: Record<CallKind, Queue> = newQueues();
  readonly normal: Record<CallKind, Queue> = newQueues();
  /** First calls that were admitted since a repeated one was. */
  firstInARow = 0;

  constructor(private readonly tenant: string | undefined) {}

  get isIdle(): boolean {
    return sumOf(this.underWay) + sumOf(this.waiting) === 0;
  }

  next(kind: CallKind): Waiting | undefined {
    return this.urgent[kind].shift() ?? this.normal[kind].shift();
  }

  /** Of `free` places, which grow by parts of one. */
  mayTake(free: number, mine: number): boolean {
    return (this.tenant === undefined ? free : roomBeside(mine, free)) > 0;
  }
}

export type Counts = Record<CallKind, number>;

export function newCounts(): Counts {
  return { first: 0, again: 0, renewal: 0 };
}

export function sumOf({ first, again, renewal }: Counts): number {
  return first + again + renewal;
}

/** Entries that have started meanwhile are skipped. */
class Queue {
  #entries: Waiting[] = [];
  #head = 0;

  push(waiting: Waiting): void {
    this.#entries.push(waiting);
  }

  shift(): Waiting | undefined {
    while (this.#head < this.#entries.length) {
      const waiting = this.#entries[this.#head++];
      if (this.#head > 1024 && this.#head * 2 > this.#entries.length) {
        this.#entries = this.#entries.slice(this.#head);
        this.#head = 0;
      }
      if (waiting !== undefined && !waiting.started) return waiting;
    }
    this.#entries = [];
    this.#head = 0;
    return undefined;
  }
}

function newQueues(): Record<CallKind, Queue> {
  return { first: new Queue(), again: new Queue(), renewal: new Queue() };
}
