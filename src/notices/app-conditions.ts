import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Clock, type TimerHandle } from '../clock/clock.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { APART_MS, AppWatch, conditionsOf, SAME_EPISODE_MS } from '../core/notices/app-watch.js';
import type { Condition, Notice } from '../core/notices/notice.js';
import { HubEvents } from '../events/hub-events.js';
import { TokenCache, type AppStatus } from '../token-cache/token-cache.service.js';
import { NoticeClaims } from './notice-claims.js';
import { Notices } from './notices.service.js';

/** Each app is looked at so often. Milliseconds. */
const ROUND_MS = 5000;
/** So many apps at a time, which takes about a millisecond … */
const APPS_PER_LOOK = 1000;
/** … and then requests have the event loop for so long. Milliseconds. */
const PAUSE_MS = 250;

/**
 * Looks at the state of every app, whoever changed it (this replica, another one, a reload), and has told what
 * core/notices/app-watch.ts finds. Nothing is looked at while nobody is to be told.
 */
@Injectable()
export class AppConditions implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** Of apps that something is to be remembered of. */
  readonly #watches = new Map<string, AppWatch>();
  #timer: TimerHandle | undefined;
  #running = false;

  constructor(
    private readonly notices: Notices,
    private readonly claims: NoticeClaims,
    private readonly cache: TokenCache,
    private readonly config: AppsConfig,
    private readonly clock: Clock,
    private readonly events: HubEvents,
  ) {
    events.on('adminActed', ({ act, appid, clientId, outcome }) => {
      if (act !== 'force_refresh' || appid === undefined || outcome === 'too_early') return;
      this.#forced(appid, clientId, outcome);
    });
  }

  onApplicationBootstrap(): void {
    this.#running = true;
    this.config.onChange(() => {
      this.#begin();
    });
    this.#begin();
  }

  beforeApplicationShutdown(): void {
    this.#running = false;
    this.clock.clearTimeout(this.#timer);
  }

  #begin(): void {
    if (this.#timer === undefined) this.#arm(() => this.#round(), ROUND_MS);
  }

  #arm(look: () => void, waitMs: number): void {
    if (!this.#running) return;
    if (!this.notices.isWanted) {
      this.#timer = undefined;
      this.#watches.clear();
      return;
    }
    this.#timer = this.clock.setTimeout(look, waitMs);
  }

  #round(): void {
    const appids = [...this.cache.appids()];
    if (this.#watches.size > 0) {
      const known = new Set(appids);
      for (const appid of this.#watches.keys()) if (!known.has(appid)) this.#watches.delete(appid);
    }
    this.#lookAt(appids, 0);
  }

  #lookAt(appids: readonly string[], from: number): void {
    try {
      for (const appid of appids.slice(from, from + APPS_PER_LOOK)) this.#look(appid);
    } catch (error) {
      this.events.emit('troubleSeen', { where: 'notices', error });
    }
    const next = from + APPS_PER_LOOK;
    if (next < appids.length) {
      this.#arm(() => {
        this.#lookAt(appids, next);
      }, PAUSE_MS);
    } else {
      this.#arm(() => {
        this.#round();
      }, ROUND_MS);
    }
  }

  #look(appid: string): void {
    const status = this.cache.status(appid);
    if (status === undefined) return;
    const now = this.clock.now();
    const conditions = conditionsOf(lookOf(status, now));
    let watch = this.#watches.get(appid);
    if (watch === undefined) {
      if (conditions.length === 0) return;
      this.#watches.set(appid, (watch = new AppWatch()));
    }
    const { raise, recovered } = watch.look(conditions, now);
    for (const condition of raise) this.#raise(appid, condition);
    if (recovered.length > 0) this.#recovered(appid, recovered);
    if (watch.isIdle) this.#watches.delete(appid);
  }

  #raise(appid: string, condition: Condition): void {
    this.notices.add(condition, {
      key: appid,
      ripe: async () => {
        const watch = this.#watches.get(appid);
        if (watch?.isOpen(condition) !== true) return undefined;
        const toldAt = await this.claims.claim(appid, condition, APART_MS);
        watch.heard(condition, toldAt ?? this.clock.now());
        return toldAt === undefined ? this.#noticeOf(appid) : undefined;
      },
    });
  }

  #recovered(appid: string, from: readonly Condition[]): void {
    this.notices.add('recovered', {
      key: appid,
      ripe: async () => {
        if ((await this.claims.claim(appid, 'recovered', SAME_EPISODE_MS)) !== undefined) return undefined;
        const notice = this.#noticeOf(appid);
        return notice === undefined ? undefined : { ...notice, from, error: undefined };
      },
    });
  }

  #forced(appid: string, client: string, outcome: string): void {
    const { forcedLeft: left } = this.cache.status(appid) ?? {};
    const name = this.config.current.apps.get(appid)?.name;
    this.notices.add('forced_refresh', {
      key: `${appid} ${this.clock.now()}`,
      ripe: () => Promise.resolve({ appid, name, client, outcome, left }),
    });
  }

  #noticeOf(appid: string): Notice | undefined {
    const status = this.cache.status(appid);
    if (status === undefined) return undefined;
    const { error, remainingMs } = lookOf(status, this.clock.now());
    return { appid, name: status.app.name, error, remainingMs };
  }
}

function lookOf({ state }: AppStatus, now: number) {
  const { failures, lastError, held } = state;
  return {
    failures,
    error: lastError?.error,
    remainingMs: held === undefined ? 0 : Math.max(0, held.expiresAt - now),
  };
}
