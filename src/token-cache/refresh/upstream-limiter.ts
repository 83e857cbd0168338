/** The permission for one upstream call, once it is there. */
export interface Permit {
  /** Resolves when the call may begin. */
  readonly entered: Promise<void>;
  /** Somebody waits for this one: it goes before all of its kind that nobody waits for. */
  promote(): void;
  /** Must be called once, whatever became of the call. */
  leave(): void;
}

/**
 * What a call is for:
 * - `first`: the first one for a credential in this process;
 * - `again`: a further one, and there still is no valid credential;
 * - `renewal`: there is a valid one.
 */
export type CallKind = 'first' | 'again' | 'renewal';

export interface LimiterWidths {
  /** First and repeated calls together, while there are first ones; from then on it grows by {@link REGAINED}. */
  readonly start: number;
  /** Of those, so many places belong to first calls, however many repeated ones were under way before them. */
  readonly startReserved: number;
  /** Repeated calls and renewals, at any time. */
  readonly steady: number;
}

/**
 * Of the hub. The start: the contract's bound. Later: wide, since hundreds of apps whose calls hang must not hold up
 * the others; bounded, so that an upstream that hangs for all of 10,000 apps cannot exhaust sockets and memory.
 */
export const WIDTHS: LimiterWidths = { start: 50, startReserved: 10, steady: 1000 };

/** How many calls have a place, and how many wait for one. */
export interface LimiterLoad {
  readonly underWay: number;
  readonly queued: number;
}

/** Places that each repeated call leaves behind when there are no first ones: a crowd of them doubles in four rounds. */
const REGAINED = 0.25;

/** Of so many places that come free while first calls wait, one goes to a repeated call. */
const AGAIN_EVERY = 5;

interface Waiting {
  readonly kind: CallKind;
  start: () => void;
  started: boolean;
}

/**
 * Bounds how many upstream calls are under way, so that a start with thousands of apps is no storm.
 *
 * - While there are first calls, they and the repeated attempts of apps that got nothing share the places of the
 *   start. Promoted ones of both go first. Neither kind starves behind the other, promoted or not: one in five places
 *   that come free is a repeated call's, and first ones have places of their own.
 * - Then the repeated ones get room little by little: none of a crowd that all failed comes back at once, and an
 *   upstream that hangs for hundreds of apps does not hold up the others for long.
 * - A renewal waits for neither.
 *
 * Within a kind: first come, first served, promoted ones first. A permit that is left before it was entered gives up
 * its place.
 */
export class UpstreamLimiter {
  readonly #widths: LimiterWidths;
  readonly #underWay: Record<CallKind, number> = { first: 0, again: 0, renewal: 0 };
  readonly #urgent: Record<CallKind, Queue> = newQueues();
  readonly #normal: Record<CallKind, Queue> = newQueues();
  readonly #waiting: Record<CallKind, number> = { first: 0, again: 0, renewal: 0 };
  /** First and repeated calls under way, as far as repeated ones may make it grow. */
  #room: number;
  /** First calls that were admitted since a repeated one was. */
  #firstInARow = 0;

  constructor(widths: LimiterWidths) {
    this.#widths = widths;
    this.#room = widths.start;
  }

  enter(kind: CallKind): Permit {
    let start: () => void = () => undefined;
    const entered = new Promise<void>((resolve) => {
      start = resolve;
    });
    const waiting: Waiting = { kind, start, started: false };
    let left = false;
    this.#normal[kind].push(waiting);
    this.#waiting[kind] += 1;
    this.#admit();
    return {
      entered,
      promote: () => {
        if (!waiting.started) this.#urgent[kind].push(waiting);
      },
      leave: () => {
        if (left) return;
        left = true;
        if (waiting.started) this.#ended(kind);
        else this.#waiting[kind] -= 1;
        // Marked as started so that neither queue admits it any more.
        waiting.started = true;
        this.#admit();
      },
    };
  }

  get load(): LimiterLoad {
    const { first, again, renewal } = this.#underWay;
    const { first: firstQueued, again: againQueued, renewal: renewalQueued } = this.#waiting;
    return { underWay: first + again + renewal, queued: firstQueued + againQueued + renewalQueued };
  }

  #ended(kind: CallKind): void {
    this.#underWay[kind] -= 1;
    if (kind !== 'again' || this.#underWay.first > 0) return;
    this.#room = Math.min(this.#room + REGAINED, this.#widths.steady);
  }

  #admit(): void {
    while (this.#hasRoom('renewal') && this.#start(this.#next('renewal')));
    while (this.#start(this.#nextOfStart()));
    if (this.#waiting.first > 0) this.#room = this.#widths.start;
  }

  #next(kind: CallKind): Waiting | undefined {
    return this.#urgent[kind].shift() ?? this.#normal[kind].shift();
  }

  #nextOfStart(): Waiting | undefined {
    const kinds: readonly CallKind[] = ['first', 'again'];
    const open = kinds.filter((kind) => this.#waiting[kind] > 0 && this.#hasRoom(kind));
    if (this.#firstInARow >= AGAIN_EVERY - 1 && open.includes('again')) return this.#next('again');
    for (const queues of [this.#urgent, this.#normal]) {
      for (const kind of open) {
        const next = queues[kind].shift();
        if (next !== undefined) return next;
      }
    }
    return undefined;
  }

  #start(next: Waiting | undefined): boolean {
    if (next === undefined) return false;
    next.started = true;
    this.#waiting[next.kind] -= 1;
    this.#underWay[next.kind] += 1;
    if (next.kind !== 'renewal') this.#firstInARow = next.kind === 'first' ? this.#firstInARow + 1 : 0;
    next.start();
    return true;
  }

  #hasRoom(kind: CallKind): boolean {
    const { start, startReserved, steady } = this.#widths;
    const { first, again, renewal } = this.#underWay;
    switch (kind) {
      case 'first':
        return first + again < start || first < startReserved;
      case 'again':
        return again + renewal < steady && first + again < this.#room;
      case 'renewal':
        return again + renewal < steady;
    }
  }
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
