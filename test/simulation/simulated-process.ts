import { Clock } from '../../src/clock/clock.js';
import type { TimerHandle } from '../../src/clock/clock.js';
import type { World, WorldEvent } from './world.js';

/**
 * A process as the world treats it: it can be stopped and go on later (SIGSTOP, SIGCONT), be frozen with its clock
 * standing still (a virtual machine that is moved), or be killed.
 */
export class SimulatedProcess extends Clock {
  readonly #backlog: (() => void)[] = [];
  #stopped = false;
  #dead = false;
  #frozenSince: number | undefined;
  #frozenMs = 0;

  /** @param offsetMs its monotonic clock begins anywhere. @param wallSkewMs its wall clock is off, and may jump. */
  constructor(
    private readonly world: World,
    private readonly offsetMs: number,
    public wallSkewMs: number,
  ) {
    super();
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** By how much its clock has fallen behind in all, ms. */
  get frozenMs(): number {
    return this.#frozenMs;
  }

  override now(): number {
    return (this.#frozenSince ?? this.world.now) - this.#frozenMs + this.offsetMs;
  }

  override wallNow(): number {
    return this.world.now + this.wallSkewMs;
  }

  override setTimeout(callback: () => void, delayMs: number): TimerHandle {
    const due = this.now() + Math.max(0, delayMs);
    const event: { current: WorldEvent | undefined } = { current: undefined };
    const look = (): void => {
      this.deliver(() => {
        if (event.current === undefined) return;
        // A clock that stood still has the timer go off later.
        if (this.now() < due) event.current = this.world.after(due - this.now(), look);
        else callback();
      });
    };
    event.current = this.world.after(Math.max(0, delayMs), look);
    return event;
  }

  override clearTimeout(handle: TimerHandle | undefined): void {
    const event = handle as { current: WorldEvent | undefined } | undefined;
    if (event?.current === undefined) return;
    event.current.dropped = true;
    event.current = undefined;
  }

  /** Something reaches the process: now, when it goes on, or never. */
  deliver(event: () => void): void {
    if (this.#dead) return;
    if (this.#stopped) this.#backlog.push(event);
    else event();
  }

  /** @param frozen its clock stands still too */
  stop(frozen: boolean): void {
    if (this.#stopped) return;
    this.#stopped = true;
    if (frozen) this.#frozenSince = this.world.now;
  }

  resume(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    if (this.#frozenSince !== undefined) this.#frozenMs += this.world.now - this.#frozenSince;
    this.#frozenSince = undefined;
    for (const event of this.#backlog.splice(0)) this.world.after(0, () => this.deliver(event));
  }

  kill(): void {
    this.#dead = true;
    this.#backlog.length = 0;
  }
}
