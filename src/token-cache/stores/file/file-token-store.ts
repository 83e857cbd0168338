import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { Clock } from '../../../clock/clock.js';
import { isValid, slotOf, type CredentialSlot, type Held } from '../../../core/credential.js';
import type { HubEvents } from '../../../events/hub-events.js';
import { codeOf } from '../../../config/small-file.js';
import { MemoryTokenStore } from '../memory-token-store.js';
import type { Budget, Lease, LeaseOutcome, LeaseRequest, SaveOutcome, Stored } from '../../token-store.js';
import { FileRecords } from './file-records.js';
import { GroupCommit, type Written } from './group-commit.js';
import { endOnceAnotherIsAsked, lossOf } from './loss.js';
import type { StateFile } from './state-file.js';
import { shifted, slotOfKept, type KeptCredential, type StateContent } from './state-lines.js';
import { elapsedSince, markNow, type TimeMark } from './time-mark.js';

/** A disk that does not take a token within this time holds it up no longer, ms. */
const PATIENCE_MS = 2000;
/** Up to this size of the file a write costs so little that each new token waits for its own, bytes. */
const SMALL_BYTES = 256 * 1024;

/**
 * The memory store of one process, that outlives it in a file.
 *
 * - Whatever a crash must not lose is on the disk before anybody gets it: a token whose predecessor dies with it or has
 *   died; in a small file each token. All else follows within {@link lazyDelayMs}, many changes in one write.
 * - A disk that is full, slow or read-only costs no token: the hub goes on with what it holds, tells, and tries again.
 */
export class FileTokenStore
  extends MemoryTokenStore
  implements OnApplicationBootstrap, OnApplicationShutdown
{
  readonly #commit: GroupCommit;
  /** See {@link KeptCredential.mayEndAt}; by appid, since tokens alone have one. */
  readonly #mayEndAt = new Map<string, number>();
  /** In the same file. */
  readonly durable: FileRecords;
  #writable: boolean | undefined;

  constructor(
    private readonly file: StateFile,
    clock: Clock,
    private readonly events: HubEvents,
    private readonly mark: () => TimeMark = () => markNow(clock.wallNow()),
  ) {
    super(clock);
    if (file.found !== undefined) this.#restore(file.found);
    this.#commit = new GroupCommit(
      () => file.write(this.content()),
      () => file.bytes,
      clock,
      (written) => {
        this.#wrote(written);
      },
    );
    this.durable = new FileRecords(file.found?.records ?? [], this.#commit, clock);
  }

  /** At once, so that a folder that cannot be written is told of before there is anything to lose. */
  onApplicationBootstrap(): void {
    this.#commit.changed();
    void this.#onDisk();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#commit.close();
    this.file.release();
  }

  /** What there is now, to be written. */
  content(): StateContent {
    const now = this.clock.now();
    const credentials: KeptCredential[] = [];
    for (const ofSlot of this.stored.values()) {
      for (const [appid, { slot, held }] of ofSlot) {
        if (!isValid(held, now)) continue;
        credentials.push({ appid, held, mayEndAt: slot === 'token' ? this.#mayEndAt.get(appid) : undefined });
      }
    }
    const uses = new Map([
      ...[...this.forced].map(([appid, at]) => [`forced ${appid}`, at] as const),
      ...[...this.spent].map(([name, at]) => [`spent ${name}`, at] as const),
    ]);
    return { writtenAt: this.mark(), clock: now, credentials, records: [...this.durable.kept()], uses };
  }

  override async lease(appid: string, request: LeaseRequest): Promise<LeaseOutcome> {
    const outcome = await super.lease(appid, request);
    const end =
      request.slot === 'token'
        ? endOnceAnotherIsAsked(this.#heldIn('token', appid), this.clock.now())
        : undefined;
    if (end !== undefined) {
      // The first call that may have ended it counts.
      this.#mayEndAt.set(appid, Math.min(end, this.#mayEndAt.get(appid) ?? end));
      this.#commit.changed();
      await this.#onDisk();
    }
    return outcome;
  }

  override async save(appid: string, held: Held, lease?: Lease): Promise<SaveOutcome> {
    const slot = slotOf(held.kind);
    const loss = lossOf(this.#heldIn(slot, appid), held, this.clock.now());
    const outcome = await super.save(appid, held, lease);
    if (!outcome.saved) return outcome;
    if (slot === 'token' && loss !== 'nothing') this.#mayEndAt.delete(appid);
    this.#commit.changed();
    if (loss === 'a token' || (loss === 'a call' && this.file.bytes <= SMALL_BYTES)) await this.#onDisk();
    return outcome;
  }

  override async remove(appids: readonly string[]): Promise<void> {
    await super.remove(appids);
    for (const appid of appids) this.#mayEndAt.delete(appid);
    this.#commit.changed();
  }

  override async spendForce(appid: string): Promise<{ readonly waitMs: number; readonly left: number }> {
    const spent = await super.spendForce(appid);
    this.#commit.changed();
    return spent;
  }

  override async spend(appid: string, purpose: string, budget: Budget) {
    const spent = await super.spend(appid, purpose, budget);
    this.#commit.changed();
    return spent;
  }

  #heldIn(slot: CredentialSlot, appid: string): Held | undefined {
    return this.stored.get(slot)?.get(appid)?.held;
  }

  /** Until all that has changed is on the disk, or the disk has shown that it does not take it. Never rejects. */
  async #onDisk(): Promise<void> {
    const written = this.#commit.flushed().catch(() => undefined);
    if (this.#writable === false) return;
    await new Promise<void>((resolve) => {
      const timer = this.clock.setTimeout(resolve, PATIENCE_MS);
      void written.then(() => {
        this.clock.clearTimeout(timer);
        resolve();
      });
    });
  }

  #restore({ writtenAt, clock, credentials, uses }: StateContent): void {
    const now = this.clock.now();
    const elapsed = elapsedSince(writtenAt, this.mark());
    for (const [name, at] of uses) {
      const [, which, key = ''] = /^(forced|spent) (.+)$/s.exec(name) ?? [];
      const moved = at.map((time) => time + now - clock - (elapsed ?? 0));
      if (which === 'forced') this.forced.set(key, moved);
      if (which === 'spent') this.spent.set(key, moved);
    }
    // How long ago it was nobody knows, so nor whether the tokens still live.
    if (elapsed === undefined) return;
    for (const kept of credentials) {
      const { appid, held } = shifted(kept, now - clock - elapsed);
      if (!isValid(held, now)) continue;
      const slot = slotOfKept(kept);
      const ofSlot = this.stored.get(slot) ?? new Map<string, Stored>();
      this.stored.set(slot, ofSlot.set(appid, { slot, stamp: 1, held }));
      this.fence = Math.max(this.fence, held.fence ?? 0);
    }
  }

  #wrote({ ok, error, durationMs }: Written): void {
    this.events.emit('stateWritten', { ok, durationMs, bytes: this.file.bytes });
    if (this.#writable === ok) return;
    const first = this.#writable === undefined;
    this.#writable = ok;
    if (ok && first) return;
    this.events.emit('stateFileChanged', { writable: ok, cause: ok ? undefined : codeOf(error) });
  }
}
