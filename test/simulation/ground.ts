import type { Upstream } from './simulated-client.js';
import type { Violations } from './violations.js';
import type { World } from './world.js';

/** What the hubs stand on, and what has become of it. */
export class Ground {
  readonly #lost: number[] = [];
  readonly #steps: { readonly at: number; readonly ms: number }[] = [];

  /** When Redis lost everything, and no connection broke. */
  readonly #flushes: number[] = [];
  #skewMs = 0;

  constructor(
    private readonly world: World,
    readonly upstream: Upstream,
    readonly violations: Violations,
  ) {}

  get now(): number {
    return this.world.now;
  }

  /** Redis lost its memory or some of it just now, and its clock made a step; that shows after `noticedMs`. */
  redisLost(stepMs: number, noticedMs: number): void {
    this.#skewMs += stepMs;
    this.#lost.push(this.now + noticedMs);
    if (noticedMs > 0) this.#flushes.push(this.now);
    this.#steps.push({ at: this.now, ms: Math.abs(stepMs) });
  }

  redisLostSince(from: number): boolean {
    return this.#lost.some((at) => at >= from);
  }

  /** When Redis last lost everything under connections that stood. */
  get flushedAt(): number {
    return this.#flushes.at(-1) ?? Number.NEGATIVE_INFINITY;
  }

  /** By how much Redis's clock is off, ms. */
  get skewMs(): number {
    return this.#skewMs;
  }

  /** How far Redis's clock has stepped within the longest life of a token, ms. */
  get stepsMs(): number {
    return this.#steps.reduce((sum, { at, ms }) => sum + (at > this.now - 7_500_000 ? ms : 0), 0);
  }
}
