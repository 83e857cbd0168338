import type { Clock, TimerHandle } from '../clock/clock.js';
import { DenialSums, type Denial, type DenialSum } from './denial-sums.js';

/** {@link DenialSums} with the clock: sums are told when they are due. A timer exists only while something is counted. */
export class SummedDenials {
  readonly #sums = new DenialSums();
  #timer: TimerHandle | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly tell: (sum: DenialSum) => void,
  ) {}

  /** See {@link DenialSums.take}. */
  take(denial: Denial): 'first' | 'beyond' | undefined {
    const taken = this.#sums.take(denial, this.clock.now());
    this.#arm();
    return taken;
  }

  /** What is counted and not yet told, before the end. */
  drain(): void {
    this.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const sum of this.#sums.drain()) this.tell(sum);
  }

  /** One timer, for the sum that is due first. */
  #arm(): void {
    const dueAt = this.#sums.nextDueAt;
    if (this.#timer !== undefined || dueAt === undefined) return;
    const now = this.clock.now();
    this.#timer = this.clock.setTimeout(() => {
      this.#timer = undefined;
      for (const sum of this.#sums.due(this.clock.now())) this.tell(sum);
      this.#arm();
    }, dueAt - now);
  }
}
