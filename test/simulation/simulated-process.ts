import { Clock } from '../../src/clock/clock.js';
import type { TimerHandle } from '../../src/clock/clock.js';
import { Spells } from './spells.js';
import type { Chance, World, WorldEvent } from './world.js';

/**
 * A process as the world treats it: it can be stopped and go on later (SIGSTOP, SIGCONT), be frozen with its clock
 * standing still (a virtual machine that is moved), or be killed.
 */
export class SimulatedProcess extends Clock {
  readonly stops = new Spells();
  /** When its clock stood still, and for how long. */
  readonly #freezes: { readonly at: number; readonly ms: number }[] = [];
  readonly #backlog: { readonly event: () => void; readonly timer: boolean }[] = [];
  #stopped = false;
  #dead = false;
  #frozenSince: number | undefined;
  #frozenMs = 0;

  /** @param offsetMs its monotonic clock begins anywhere. @param wallSkewMs its wall clock is off, and may jump. */
  constructor(
    private readonly world: World,
    private readonly offsetMs: number,
    public wallSkewMs: number,
    private readonly chance: Chance,
  ) {
    super();
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** How far its clock has fallen behind since then, ms. Nothing in the process can tell. */
  frozenSince(worldTime: number): number {
    return this.#freezes.reduce((sum, { at, ms }) => sum + (at >= worldTime ? ms : 0), 0);
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
      }, true);
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
  deliver(event: () => void, timer = false): void {
    if (this.#dead) return;
    if (this.#stopped) this.#backlog.push({ event, timer });
    else event();
  }

  /** @param frozen its clock stands still too */
  stop(frozen: boolean): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.stops.begin(this.world.now);
    if (frozen) this.#frozenSince = this.world.now;
  }

  /** Timers that came due meanwhile may go off before what came in is read, however early it came. */
  resume(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.stops.end(this.world.now);
    if (this.#frozenSince !== undefined) {
      const ms = this.world.now - this.#frozenSince;
      this.#freezes.push({ at: this.#frozenSince, ms });
      this.#frozenMs += ms;
      this.#frozenSince = undefined;
    }
    const backlog = this.#backlog.splice(0);
    if (this.chance.next() < 0.5) backlog.sort((a, b) => Number(b.timer) - Number(a.timer));
    for (const { event, timer } of backlog) this.world.after(0, () => this.deliver(event, timer));
  }

  kill(): void {
    this.#dead = true;
    this.#backlog.length = 0;
  }
}
