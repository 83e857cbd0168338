import { Injectable } from '@nestjs/common';
import { Clock } from '../../clock/clock.js';
import { slotOf, type CredentialSlot, type Held } from '../../core/credential.js';
import { forceLeft, forceUsed, waitBeforeForce, type ForceHistory } from '../../core/force-budget.js';
import {
  TokenStore,
  type Budget,
  type Lease,
  type LeaseOutcome,
  type LeaseRequest,
  type SaveOutcome,
  type Stored,
} from '../token-store.js';

/**
 * The embedded default: one process, every lease is granted, there are no peers. Nothing outlives the process, unless
 * there is a state file (file/file-token-store.ts).
 */
@Injectable()
export class MemoryTokenStore extends TokenStore {
  override readonly appsPerLook = 0;
  /** By slot, then appid: a map of its own for each of 10,000 apps would cost 2 MB. */
  protected readonly stored = new Map<CredentialSlot, Map<string, Stored>>();
  readonly #throttled = new Map<string, number>();
  protected readonly forced = new Map<string, ForceHistory>();
  protected readonly spent = new Map<string, ForceHistory>();
  protected fence = 0;

  constructor(protected readonly clock: Clock) {
    super();
  }

  override get reachedAt(): number {
    return this.clock.now();
  }

  override load(appids: readonly string[]): Promise<ReadonlyMap<string, readonly Stored[]>> {
    const found = new Map<string, readonly Stored[]>();
    for (const appid of appids) {
      const slots = [...this.stored.values()].flatMap((ofSlot) => ofSlot.get(appid) ?? []);
      if (slots.length > 0) found.set(appid, slots);
    }
    return Promise.resolve(found);
  }

  override lease(_appid: string, _request: LeaseRequest): Promise<LeaseOutcome> {
    const lease: Lease = {
      fence: ++this.fence,
      // The wall clock's seconds: a hub that starts without any memory never gives a version again that a caller
      // still holds with another token (its ETag would match).
      firstVersion: Math.floor(this.clock.wallNow() / 1000),
      startBy: Number.POSITIVE_INFINITY,
      lapsesAt: Number.POSITIVE_INFINITY,
      release: () => Promise.resolve(),
    };
    return Promise.resolve({ kind: 'granted', lease });
  }

  override save(appid: string, held: Held, lease?: Lease): Promise<SaveOutcome> {
    const slot = slotOf(held.kind);
    const ofSlot = this.stored.get(slot) ?? new Map<string, Stored>();
    const stored = ofSlot.get(appid);
    if (stored?.held !== undefined && stored.held.version > held.version) {
      return Promise.resolve({ saved: false, stored });
    }
    const stamp = (stored?.stamp ?? 0) + 1;
    const saved = { ...held, fence: lease?.fence ?? held.fence };
    ofSlot.set(appid, { slot, stamp, held: saved });
    this.stored.set(slot, ofSlot);
    return Promise.resolve({ saved: true, held: saved, stamp });
  }

  override remove(appids: readonly string[]): Promise<void> {
    for (const appid of appids) {
      for (const ofSlot of this.stored.values()) ofSlot.delete(appid);
      this.forced.delete(appid);
      for (const key of this.#throttled.keys()) if (key.startsWith(`${appid} `)) this.#throttled.delete(key);
    }
    return Promise.resolve();
  }

  override throttle(appid: string, purpose: string, apartMs: number): Promise<number> {
    const key = `${appid} ${purpose}`;
    const now = this.clock.now();
    const wait = (this.#throttled.get(key) ?? Number.NEGATIVE_INFINITY) + apartMs - now;
    if (wait > 0) return Promise.resolve(wait);
    this.#throttled.set(key, now);
    return Promise.resolve(0);
  }

  override spendForce(appid: string): Promise<{ readonly waitMs: number; readonly left: number }> {
    const now = this.clock.now();
    const history = this.forced.get(appid) ?? [];
    const waitMs = waitBeforeForce(history, now);
    if (waitMs === 0) this.forced.set(appid, forceUsed(history, now));
    return Promise.resolve({ waitMs, left: forceLeft(this.forced.get(appid) ?? [], now) });
  }

  override spend(appid: string, purpose: string, { most, windowMs, apartMs }: Budget) {
    const key = `${appid} ${purpose}`;
    const now = this.clock.now();
    const used = (this.spent.get(key) ?? []).filter((at) => at > now - windowMs);
    const last = used.at(-1);
    const oldestThatCounts = used.at(-most);
    const waitMs = Math.max(
      0,
      last === undefined ? 0 : last + apartMs - now,
      oldestThatCounts === undefined ? 0 : oldestThatCounts + windowMs - now,
    );
    if (waitMs === 0) used.push(now);
    this.spent.set(key, used);
    return Promise.resolve({ waitMs, left: Math.max(0, most - used.length) });
  }

  override announce(): Promise<void> {
    return Promise.resolve();
  }

  override onPeerEvent(): void {
    // There is nobody else.
  }
}
