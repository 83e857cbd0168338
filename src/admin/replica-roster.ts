import { hostname } from 'node:os';
import { BeforeApplicationShutdown, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { Clock, type TimerHandle } from '../clock/clock.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { HubEnvironment } from '../config/environment/environment.js';
import { HubEvents, type ReplicaHeard } from '../events/hub-events.js';
import { viewOf, type ReplicaView } from '../core/replica-view.js';
import { TokenCache } from '../token-cache/token-cache.service.js';
import { TokenStore } from '../token-cache/token-store.js';
import { VERSION } from '../version.js';
import type { ReplicaRow } from './hub-rows.js';

/** A replica says that it is there so often, ms … */
const SAID_EVERY_MS = 10_000;
/** … and counts as gone when nothing was heard for so long: two messages may be lost. */
const GONE_AFTER_MS = 35_000;
/** Who can write to Redis could say anything: so many are listed. */
const MOST = 100;

/**
 * Which replicas share the store and what each sees of its apps, as it says over the news channel, where every replica
 * listens: nothing is written to the store. With the memory store there is nobody else.
 */
@Injectable()
export class ReplicaRoster implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #others = new Map<string, { readonly at: number; readonly note: ReplicaHeard }>();
  readonly #startedAt: number;
  readonly #shared: boolean;
  #reload: { readonly at: number; readonly ok: boolean } | undefined;
  #timer: TimerHandle | undefined;

  constructor(
    environment: HubEnvironment,
    config: AppsConfig,
    events: HubEvents,
    private readonly clock: Clock,
    private readonly store: TokenStore,
    private readonly cache: TokenCache,
  ) {
    this.#startedAt = clock.now();
    this.#shared = environment.redisUrl !== undefined;
    config.onReload(({ ok }) => {
      this.#reload = { at: clock.now(), ok };
      this.#say();
    });
    events.on('replicaHeard', (note) => {
      this.#forget();
      if (this.#others.size < MOST || this.#others.has(note.id)) {
        this.#others.set(note.id, { at: clock.now(), note });
      }
    });
  }

  onApplicationBootstrap(): void {
    if (this.#shared) this.#sayAgain();
  }

  beforeApplicationShutdown(): void {
    this.clock.clearTimeout(this.#timer);
  }

  /**
   * This one first. Times by this machine's wall clock.
   * @param withViews whether who looks sees every app: others' views are of all
   */
  rows(withViews: boolean): ReplicaRow[] {
    this.#forget();
    const now = this.clock.now();
    const ahead = this.clock.wallNow() - now;
    const reload = this.#reload;
    const own: ReplicaRow = {
      instance: hostname(),
      version: VERSION,
      startedAt: Math.round(this.#startedAt + ahead),
      lastReload: reload === undefined ? null : { at: Math.round(reload.at + ahead), ok: reload.ok },
      view: withViews && this.#shared ? this.#view() : null,
    };
    const others = [...this.#others.values()].map(({ at, note }): ReplicaRow => ({
      instance: note.instance,
      version: note.version,
      startedAt: Math.round(at - note.upMs + ahead),
      lastReload:
        note.reload === undefined
          ? null
          : { at: Math.round(at - note.reload.agoMs + ahead), ok: note.reload.ok },
      view: withViews ? (note.view ?? null) : null,
    }));
    return [own, ...others.sort((a, b) => (a.instance < b.instance ? -1 : 1))];
  }

  /** One that has just started has not got its tokens yet: others would take that for trouble. */
  #settledView(): ReplicaView | undefined {
    return this.clock.now() - this.#startedAt < SAID_EVERY_MS ? undefined : this.#view();
  }

  /** Some milliseconds with 10,000 apps, every ten seconds and when somebody looks. */
  #view(): ReplicaView {
    const now = this.clock.now();
    return viewOf([...this.cache.appids()].map((appid) => [appid, this.cache.health(appid, now)]));
  }

  #forget(): void {
    const now = this.clock.now();
    for (const [id, { at }] of this.#others) if (now - at > GONE_AFTER_MS) this.#others.delete(id);
  }

  #sayAgain(): void {
    this.#say();
    this.#timer = this.clock.setTimeout(() => {
      this.#sayAgain();
    }, SAID_EVERY_MS);
  }

  #say(): void {
    if (!this.#shared) return;
    const now = this.clock.now();
    const reload =
      this.#reload === undefined ? undefined : { ok: this.#reload.ok, agoMs: now - this.#reload.at };
    const note = {
      instance: hostname(),
      version: VERSION,
      upMs: now - this.#startedAt,
      reload,
      view: this.#settledView(),
    };
    // A store that is away is told of by others.
    this.store.announce({ kind: 'here', ...note }).catch(() => undefined);
  }
}
