import { Lane, newCounts, sumOf, type CallKind, type Counts, type Waiting } from './lane.js';

export type { CallKind } from './lane.js';

/** The permission for one upstream call, once it is there. */
export interface Permit {
  /** Resolves when the call may begin. */
  readonly entered: Promise<void>;
  /** Somebody waits for this one: it goes before all of its kind that nobody waits for. */
  promote(): void;
  /** Must be called once, whatever became of the call. */
  leave(): void;
}

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
 * Tenants take turns, and none takes more places than it leaves: one whose calls hang has half of them at most, so that
 * another's finds one at once; the next that hangs has half of what is left. Without tenants all places are for all.
 *
 * Within a kind of a tenant: first come, first served, promoted ones first. A permit that is left before it was entered gives up
 * its place.
 */
export class UpstreamLimiter {
  readonly #widths: LimiterWidths;
  readonly #underWay: Counts = newCounts();
  readonly #waiting: Counts = newCounts();
  /** By tenant, in the order of their turns; without tenants there is one. */
  readonly #lanes = new Map<string | undefined, Lane>();
  /** First and repeated calls under way, as far as repeated ones may make it grow. */
  #room: number;

  constructor(widths: LimiterWidths) {
    this.#widths = widths;
    this.#room = widths.start;
  }

  /** @param tenant whose call it is; `undefined`: the places are shared with nobody */
  enter(kind: CallKind, tenant?: string): Permit {
    let start: () => void = () => undefined;
    const entered = new Promise<void>((resolve) => {
      start = resolve;
    });
    const waiting: Waiting = { kind, start, started: false };
    let left = false;
    const lane = this.#laneOf(tenant);
    lane.normal[kind].push(waiting);
    this.#count(lane, kind, 1);
    this.#admit();
    return {
      entered,
      promote: () => {
        if (!waiting.started) lane.urgent[kind].push(waiting);
      },
      leave: () => {
        if (left) return;
        left = true;
        if (waiting.started) this.#ended(lane, kind);
        else this.#count(lane, kind, -1);
        // Marked as started so that neither queue admits it any more.
        waiting.started = true;
        if (lane.isIdle) this.#lanes.delete(tenant);
        this.#admit();
      },
    };
  }

  get load(): LimiterLoad {
    return { underWay: sumOf(this.#underWay), queued: sumOf(this.#waiting) };
  }

  #laneOf(tenant: string | undefined): Lane {
    let lane = this.#lanes.get(tenant);
    if (lane === undefined) this.#lanes.set(tenant, (lane = new Lane(tenant)));
    return lane;
  }

  #count(lane: Lane, kind: CallKind, by: 1 | -1): void {
    lane.waiting[kind] += by;
    this.#waiting[kind] += by;
  }

  #ended(lane: Lane, kind: CallKind): void {
    lane.underWay[kind] -= 1;
    this.#underWay[kind] -= 1;
    if (kind !== 'again' || this.#underWay.first > 0) return;
    this.#room = Math.min(this.#room + REGAINED, this.#widths.steady);
  }

  #admit(): void {
    while (this.#start((lane) => (this.#isOpen('renewal', lane) ? lane.next('renewal') : undefined)));
    while (this.#start((lane) => this.#nextOfStart(lane)));
    if (this.#waiting.first > 0) this.#room = this.#widths.start;
  }

  #nextOfStart(lane: Lane): Waiting | undefined {
    const kinds: readonly CallKind[] = ['first', 'again'];
    const open = kinds.filter((kind) => this.#isOpen(kind, lane));
    if (lane.firstInARow >= AGAIN_EVERY - 1 && open.includes('again')) return lane.next('again');
    for (const queues of [lane.urgent, lane.normal]) {
      for (const kind of open) {
        const next = queues[kind].shift();
        if (next !== undefined) return next;
      }
    }
    return undefined;
  }

  /** Whoever of the lanes' turn it is first; its next turn comes after all others'. */
  #start(pick: (lane: Lane) => Waiting | undefined): boolean {
    for (const [tenant, lane] of this.#lanes) {
      const next = pick(lane);
      if (next === undefined) continue;
      this.#lanes.delete(tenant);
      this.#lanes.set(tenant, lane);
      next.started = true;
      this.#count(lane, next.kind, -1);
      lane.underWay[next.kind] += 1;
      this.#underWay[next.kind] += 1;
      if (next.kind !== 'renewal') lane.firstInARow = next.kind === 'first' ? lane.firstInARow + 1 : 0;
      next.start();
      return true;
    }
    return false;
  }

  /** Whether one of the lane waits, and may have a place of those that are left. */
  #isOpen(kind: CallKind, lane: Lane): boolean {
    if (lane.waiting[kind] === 0) return false;
    const { start, startReserved, steady } = this.#widths;
    const { first, again, renewal } = this.#underWay;
    const mine = lane.underWay;
    const ofStart = mine.first + mine.again;
    const ofSteady = mine.again + mine.renewal;
    switch (kind) {
      case 'first':
        return (
          lane.mayTake(start - first - again, ofStart) || lane.mayTake(startReserved - first, mine.first)
        );
      case 'again':
        return (
          lane.mayTake(steady - again - renewal, ofSteady) &&
          lane.mayTake(this.#room - first - again, ofStart)
        );
      case 'renewal':
        return lane.mayTake(steady - again - renewal, ofSteady);
    }
  }
}
