/** A place in a queue for one upstream call. */
export interface LaneTicket {
  /** Resolves when the call may begin. */
  readonly entered: Promise<void>;
  /** Somebody waits for this one: it goes before all that nobody waits for. */
  promote(): void;
  /** Must be called once, whatever became of the call. */
  leave(): void;
}

interface Waiting {
  start: () => void;
  started: boolean;
}

/**
 * Bounds how many upstream calls are under way. First come, first served, promoted ones first.
 * A ticket that is left before it was entered gives up its place.
 */
export class UpstreamLane {
  readonly #width: number;
  #underWay = 0;
  #queued = 0;
  #urgent: Waiting[] = [];
  #normal: Waiting[] = [];
  #normalHead = 0;

  constructor(width: number) {
    this.#width = width;
  }

  get underWay(): number {
    return this.#underWay;
  }

  get queued(): number {
    return this.#queued;
  }

  enter(): LaneTicket {
    let start: () => void = () => undefined;
    const entered = new Promise<void>((resolve) => {
      start = resolve;
    });
    const waiting: Waiting = { start, started: false };
    let left = false;
    this.#normal.push(waiting);
    this.#queued += 1;
    this.#admit();
    return {
      entered,
      promote: () => {
        if (!waiting.started) this.#urgent.push(waiting);
      },
      leave: () => {
        if (left) return;
        left = true;
        if (waiting.started) this.#underWay -= 1;
        else this.#queued -= 1;
        // Marked as started so that neither queue admits it any more.
        waiting.started = true;
        this.#admit();
      },
    };
  }

  #admit(): void {
    while (this.#underWay < this.#width) {
      const next = this.#next();
      if (next === undefined) return;
      next.started = true;
      this.#queued -= 1;
      this.#underWay += 1;
      next.start();
    }
  }

  #next(): Waiting | undefined {
    for (let urgent = this.#urgent.shift(); urgent !== undefined; urgent = this.#urgent.shift()) {
      if (!urgent.started) return urgent;
    }
    while (this.#normalHead < this.#normal.length) {
      const waiting = this.#normal[this.#normalHead++];
      if (this.#normalHead > 1024 && this.#normalHead * 2 > this.#normal.length) {
        this.#normal = this.#normal.slice(this.#normalHead);
        this.#normalHead = 0;
      }
      if (waiting !== undefined && !waiting.started) return waiting;
    }
    this.#normal = [];
    this.#normalHead = 0;
    return undefined;
  }
}

/** How much of several lanes is used. */
export interface LaneLoad {
  readonly underWay: number;
  readonly queued: number;
}

export function loadOf(...lanes: readonly UpstreamLane[]): LaneLoad {
  const load = { underWay: 0, queued: 0 };
  for (const { underWay, queued } of lanes) {
    load.underWay += underWay;
    load.queued += queued;
  }
  return load;
}
