import { randomUUID } from 'node:crypto';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { RedisAccess } from '../../../config/environment/redis-access.js';
import type { HubEnvironment } from '../../../config/environment/environment.js';
import type { Clock } from '../../../clock/clock.js';
import type { Randomness } from '../../../clock/randomness.js';
import type { Urgency } from '../../../core/attempt.js';
import { slotOf, type CredentialSlot, type Held } from '../../../core/credential.js';
import { TICKET_TYPES } from '../../../core/app.js';
import { FORCED_APART_MS, FORCED_PER_DAY } from '../../../core/force-budget.js';
import type { HubEvents } from '../../../events/hub-events.js';
import {
  TokenStore,
  type Announcement,
  type Lease,
  type LeaseOutcome,
  type LeaseRequest,
  type PeerEvent,
  type Budget,
  type SaveOutcome,
  type Stored,
} from '../../token-store.js';
import { MeasuredLink } from './measured-link.js';
import { readMessage, writeMessage, type Message } from './peer-message.js';
import { bodyOf, fenceOf, fingerprint } from './record.js';
import { RecordReader } from './record-reader.js';
import { RedisRecords } from './redis-records.js';
import { RedisLease } from './redis-lease.js';
import { RedisLink, type LinkListener, type StoreLink } from './redis-link.js';
import { timesToStore, type ClockReading } from './redis-time.js';
import { LEASE, LOAD, RELEASE, REMOVE, SAVE, SPEND, THROTTLE, type Script } from './scripts.js';
import { Sealer, sealingKeys } from './seal.js';

const SLOTS: readonly CredentialSlot[] = ['token', ...TICKET_TYPES];
/** A lease outlives the bound of one upstream call by this, ms: for the commands before and after it. */
const LEASE_MARGIN_MS = 2000;
/** Of that, what is left when a call that began at the last moment ends, ms. */
const CALL_END_MARGIN_MS = 1000;
/** The others leave a failing app to the replica that tries it for so much longer than its next attempt takes, ms. */
const PAUSE_MARGIN_MS = 2000;
/** No hub pauses for longer, ms: a day is WeChat's own longest wait (89506). */
const LONGEST_PAUSE_MS = 86_400_000 + 60_000;
/** No hub holds a lease for longer, ms: HUB_WECHAT_TIMEOUT_MS goes up to a minute. */
const LONGEST_LEASE_MS = 62_000;
/** What a pause is worth, in the script's words. */
const PAUSE_WORTH: Readonly<Record<Urgency, number>> = { patient: 0, urgent: 1, regardless: 2 };
/** How long what a lease of before would write is refused after an app was removed, ms. */
const TOMBSTONE_MS = 600_000;
/** Apps that one MGET covers: about a millisecond of Redis's time. */
const APPS_PER_MGET = 500;
/** In a Cluster each app is a command; so many are under way at a time. */
const CLUSTER_LOADS = 50;
/** Removals under way at a time. */
const REMOVALS = 50;
/** How long the first command waits for the first connection, ms. */
const FIRST_CONNECTION_MS = 1500;
/** How often a save is repeated because its version had to be raised. Once is enough but under a race. */
const SAVE_TRIES = 4;
const DAY_MS = 86_400_000;

export interface StoreEnvironment extends Pick<
  HubEnvironment,
  'redisPrefix' | 'encryptionKeys' | 'wechatTimeoutMs'
> {
  /** Whether keys lie on several nodes, so that no command covers several apps. */
  readonly cluster: boolean;
}

/**
 * Tokens in a Redis that several replicas share.
 *
 * - One record per app and slot, written by one script that accepts only what is newer (SAVE in scripts.ts): a writer
 *   that was paused, is slow or repeats itself never puts an older token over a newer one.
 * - A lease per credential says who may refresh it; it lapses by itself when its holder is gone.
 * - What was written is told on one channel, as a hint where to look: messages carry no token.
 * - Keys: `<prefix>{<appid>}:<what>`. The braces keep all keys of an app in one slot of a Cluster.
 */
export class RedisTokenStore extends TokenStore implements OnApplicationShutdown {
  override readonly appsPerLook: number;
  /** What must not be lost, over the same connection. */
  readonly durable: RedisRecords;
  /** This process, as long as it runs. */
  readonly #owner = randomUUID();
  readonly #link: StoreLink;
  readonly #sealer: Sealer;
  readonly #channel: string;
  readonly #leaseMs: number;
  readonly #records: RecordReader;
  #opened: Promise<void> | undefined;
  #listener: (event: PeerEvent) => void = () => undefined;
  #reachedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly environment: StoreEnvironment,
    private readonly clock: Clock,
    events: HubEvents,
    connect: (channel: string, listener: LinkListener) => StoreLink,
  ) {
    super();
    this.appsPerLook = environment.cluster ? 1 : APPS_PER_MGET;
    this.#sealer = new Sealer(sealingKeys(environment.encryptionKeys));
    this.#records = new RecordReader(this.#sealer, events);
    this.durable = new RedisRecords(
      (script, keys, args) => this.#run(script, keys, args),
      this.#sealer,
      environment.redisPrefix,
      clock,
    );
    this.#channel = `${environment.redisPrefix}news`;
    this.#leaseMs = environment.wechatTimeoutMs + LEASE_MARGIN_MS;
    const link = connect(this.#channel, {
      stateChanged: (available, cause) => events.emit('storeChanged', { available, cause }),
      missed: () => this.#listener({ kind: 'missed' }),
      newsChanged: (heard, cause) => events.emit('newsChanged', { heard, cause }),
      message: (text) => {
        const signed = this.#sealer.verify(text);
        const event = signed === undefined ? undefined : readMessage(this.#owner, signed);
        if (event === undefined) return;
        if (event.kind === 'here') {
          events.emit('replicaHeard', event);
          return;
        }
        events.emit('newsHeard', { kind: event.kind });
        this.#listener(event);
      },
    });
    this.#link = new MeasuredLink(link, events);
  }

  /** On the Redis of HUB_REDIS_URL. */
  static at(
    access: RedisAccess,
    environment: Omit<StoreEnvironment, 'cluster'>,
    clock: Clock,
    events: HubEvents,
    randomness: Randomness,
  ): RedisTokenStore {
    const { redisPrefix, encryptionKeys, wechatTimeoutMs } = environment;
    const cluster = access.target.topology === 'cluster';
    return new RedisTokenStore(
      { redisPrefix, encryptionKeys, wechatTimeoutMs, cluster },
      clock,
      events,
      (channel, listener) => new RedisLink(access, channel, listener, () => randomness.next()),
    );
  }

  override get reachedAt(): number {
    return this.#reachedAt;
  }

  override onPeerEvent(listener: (event: PeerEvent) => void): void {
    this.#listener = listener;
  }

  onApplicationShutdown(): void {
    this.#link.close();
  }

  override async load(appids: readonly string[]): Promise<ReadonlyMap<string, readonly Stored[]>> {
    await this.#open();
    const found = new Map<string, readonly Stored[]>();
    const step = this.environment.cluster ? CLUSTER_LOADS : APPS_PER_MGET;
    for (let from = 0; from < appids.length; from += step) {
      const chunk = appids.slice(from, from + step);
      if (this.environment.cluster) {
        await Promise.all(chunk.map(async (appid) => found.set(appid, await this.#loadOne(appid))));
      } else {
        await this.#loadChunk(chunk, found);
      }
    }
    return found;
  }

  override async lease(appid: string, request: LeaseRequest): Promise<LeaseOutcome> {
    const { slot, seen, urgency, credentialsId } = request;
    const keys = [
      this.#key(appid, slot),
      this.#ofSlot(appid, 'lease', slot),
      this.#ofSlot(appid, 'pause', slot),
      this.#key(appid, 'counter'),
    ];
    const worth = PAUSE_WORTH[urgency];
    const args = [
      ...[this.#owner, this.#leaseMs, seen, worth],
      ...[credentialsId, LONGEST_PAUSE_MS, LONGEST_LEASE_MS],
    ];
    const { answer, reading } = await this.#timed(LEASE, keys, args);
    const third = String(answer[2]);
    switch (answer[0]) {
      case 'granted':
        return { kind: 'granted', lease: this.#leaseOf(appid, slot, Number(third), reading) };
      case 'leased':
        return { kind: 'leased', lapsesInMs: Number(third) };
      case 'paused':
        return { kind: 'paused', retryInMs: Number(third) };
      default:
        return { kind: 'changed', stored: this.#records.read(third, appid, slot, reading) };
    }
  }

  override async save(appid: string, held: Held, lease?: Lease): Promise<SaveOutcome> {
    const slot = slotOf(held.kind);
    const reading =
      lease instanceof RedisLease
        ? lease.reading
        : (await this.#timed(LOAD, [this.#key(appid, slot)], [])).reading;
    const keys = [
      this.#key(appid, slot),
      this.#ofSlot(appid, 'lease', slot),
      this.#ofSlot(appid, 'pause', slot),
      this.#key(appid, 'counter'),
      this.#key(appid, 'removed'),
    ];
    const fence = lease?.fence ?? held.fence ?? 0;
    const times = timesToStore(held, reading);
    const print = fingerprint(appid, held);
    const message = this.#message({ kind: 'changed', appid, slot });
    let { version } = held;
    for (let tries = 0; tries < SAVE_TRIES; tries += 1) {
      const body = this.#sealer.seal(bodyOf(held, times.expiresAt), { appid, kind: held.kind, version });
      const left = Math.floor(held.expiresAt - this.clock.now());
      const { answer, reading: now } = await this.#timed(SAVE, keys, [
        this.#owner,
        fence,
        lease === undefined ? 0 : 1,
        version,
        held.kind,
        Math.max(0, times.issuedAt),
        Math.max(0, times.confirmedAt),
        times.expiresAt,
        left,
        Math.ceil(held.lifeMs),
        print,
        body,
        this.#channel,
        message,
      ]);
      switch (answer[0]) {
        case 'saved':
          return {
            saved: true,
            held: { ...held, version, fence: fenceOf(Number(answer[3])) },
            stamp: Number(answer[2]),
          };
        case 'newer':
          return { saved: false, stored: this.#records.read(String(answer[2]), appid, slot, now) };
        case 'raise':
          version = Number(answer[2]);
          break;
        default:
          return { saved: false, stored: undefined };
      }
    }
    throw new Error(`the version of ${appid} was raised ${SAVE_TRIES} times while it was stored`);
  }

  override async remove(appids: readonly string[]): Promise<void> {
    const slotted = SLOTS.flatMap((slot) => [`lease:${slot}`, `pause:${slot}`]);
    const all = ['counter', 'removed', ...SLOTS, ...slotted, 'forced'];
    for (let from = 0; from < appids.length; from += REMOVALS) {
      const removals = appids.slice(from, from + REMOVALS).map((appid) => {
        const keys = all.map((what) => this.#key(appid, what));
        return this.#run(REMOVE, keys, [TOMBSTONE_MS]);
      });
      await Promise.all(removals);
    }
    await this.announce({ kind: 'removed', appids });
  }

  override async throttle(appid: string, purpose: string, apartMs: number): Promise<number> {
    return Number(await this.#run(THROTTLE, [this.#key(appid, `throttle:${purpose}`)], [Math.ceil(apartMs)]));
  }

  override async spendForce(appid: string): Promise<{ readonly waitMs: number; readonly left: number }> {
    const args = [FORCED_PER_DAY, DAY_MS, FORCED_APART_MS];
    const [wait, left] = (await this.#run(SPEND, [this.#key(appid, 'forced')], args)) as unknown[];
    return { waitMs: Number(wait), left: Number(left) };
  }

  override async spend(appid: string, purpose: string, { most, windowMs, apartMs }: Budget) {
    const keys = [this.#key(appid, `spent:${purpose}`)];
    const [wait, left] = (await this.#run(SPEND, keys, [most, windowMs, apartMs])) as unknown[];
    return { waitMs: Number(wait), left: Number(left) };
  }

  override async announce(event: Announcement): Promise<void> {
    await this.#open();
    await this.#link.publish(this.#channel, this.#message(event));
  }

  #message(event: Message): string {
    return this.#sealer.sign(writeMessage(this.#owner, event));
  }

  async #run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    await this.#open();
    const sentAt = this.clock.now();
    const answer = await this.#link.run(script, keys, args);
    this.#reachedAt = Math.max(this.#reachedAt, sentAt);
    return answer;
  }

  #open(): Promise<void> {
    this.#opened ??= this.#link.open(FIRST_CONNECTION_MS);
    return this.#opened;
  }

  async #loadChunk(appids: readonly string[], found: Map<string, readonly Stored[]>): Promise<void> {
    const keys = appids.flatMap((appid) => SLOTS.map((slot) => this.#key(appid, slot)));
    const sentAt = this.clock.now();
    const { redisNow, texts } = await this.#link.read(keys);
    this.#reachedAt = Math.max(this.#reachedAt, sentAt);
    const reading = { sentAt, receivedAt: this.clock.now(), redisNow };
    appids.forEach((appid, nth) => {
      const own = texts.slice(nth * SLOTS.length, (nth + 1) * SLOTS.length);
      found.set(appid, this.#records.readAll(appid, SLOTS, own, reading));
    });
  }

  async #loadOne(appid: string): Promise<readonly Stored[]> {
    const keys = SLOTS.map((slot) => this.#key(appid, slot));
    const { answer, reading } = await this.#timed(LOAD, keys, []);
    return this.#records.readAll(appid, SLOTS, answer.slice(1), reading);
  }

  async #timed(
    script: Script,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<{ readonly answer: readonly unknown[]; readonly reading: ClockReading }> {
    await this.#open();
    const sentAt = this.clock.now();
    const answer = (await this.#run(script, keys, args)) as unknown[];
    const redisNow = Number(script === LOAD ? answer[0] : answer[1]);
    return { answer, reading: { sentAt, receivedAt: this.clock.now(), redisNow } };
  }

  #leaseOf(appid: string, slot: CredentialSlot, fence: number, reading: ClockReading): RedisLease {
    const lapsesAt = reading.sentAt + this.#leaseMs;
    const startBy = lapsesAt - this.environment.wechatTimeoutMs - CALL_END_MARGIN_MS;
    return new RedisLease(fence, reading, startBy, lapsesAt, async (failed) => {
      const pauseMs = failed === undefined ? 0 : Math.ceil(failed.retryInMs) + PAUSE_MARGIN_MS;
      const message =
        failed === undefined
          ? ''
          : this.#message({
              kind: 'failed',
              appid,
              slot,
              failure: failed.failure,
              retryInMs: failed.retryInMs,
            });
      const keys = [this.#ofSlot(appid, 'lease', slot), this.#ofSlot(appid, 'pause', slot)];
      const credentialsId = failed?.failure.credentialsId ?? '-';
      const sinceSentMs = failed === undefined ? 0 : Math.round(failed.sinceSentMs);
      const args = [this.#owner, fence, pauseMs, this.#channel, message, credentialsId, sinceSentMs];
      await this.#run(RELEASE, keys, args);
    });
  }

  #ofSlot(appid: string, what: string, slot: CredentialSlot): string {
    return this.#key(appid, `${what}:${slot}`);
  }

  #key(appid: string, what: string): string {
    return `${this.environment.redisPrefix}{${appid}}:${what}`;
  }
}
