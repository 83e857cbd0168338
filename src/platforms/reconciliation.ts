import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Clock, type TimerHandle } from '../clock/clock.js';
import { Randomness } from '../clock/randomness.js';
import { listed, unlisted } from '../core/platform/authorization.js';
import { HubEvents } from '../events/hub-events.js';
import { StoreUnavailable, TokenStore } from '../token-cache/token-store.js';
import { TokenCache } from '../token-cache/token-cache.service.js';
import { LIST_PAGE, PlatformUpstream, type ListedAuthorizer } from '../wechat-client/platform-upstream.js';
import { Authorizations } from './authorizations.js';
import { ComponentToken } from './component-token.js';
import { PlatformRecords } from './platform-records.js';

const MINUTE = 60_000;
/** Over all replicas, whoever asks for it. */
const APART_MS = 15_000;
/** For accounts that stay refused: each probe of each of them would ask. */
const AGAIN_APART_MS = 30 * MINUTE;
const DAY_MS = 86_400_000;
/** WeChat is asked to begin its pushes at most so often. */
const START_APART_MS = 10 * MINUTE;
/** A platform with more authorizers than this has another hub. */
const MOST_PAGES = 200;
/** Who authorised just now may not be on a list that was begun before, seconds. */
const LIST_LAG_SECONDS = 120;

interface Plan {
  /** Epoch ms on the hub's clock. */
  nextAt: number;
  readAt: number;
  running: Promise<void> | undefined;
  timer: TimerHandle | undefined;
}

/**
 * Brings what the hub knows in line with the list that WeChat keeps: at the start, once a day, and when a refresh token
 * is refused or missing. An event that never came is mended so, and a refresh token that was lost comes back.
 */
@Injectable()
export class Reconciliation implements OnModuleDestroy {
  readonly #plans = new Map<string, Plan>();
  readonly #askedToStart = new Map<string, number>();

  constructor(
    private readonly records: PlatformRecords,
    private readonly authorizations: Authorizations,
    private readonly upstream: PlatformUpstream,
    private readonly component: ComponentToken,
    private readonly cache: TokenCache,
    private readonly store: TokenStore,
    private readonly clock: Clock,
    private readonly randomness: Randomness,
    private readonly events: HubEvents,
  ) {}

  onModuleDestroy(): void {
    for (const { timer } of this.#plans.values()) this.clock.clearTimeout(timer);
  }

  /** When WeChat's list was last read as a whole here, epoch ms on the hub's clock. */
  readAt(platform: string): number | undefined {
    const at = this.#plans.get(platform)?.readAt ?? Number.NEGATIVE_INFINITY;
    return at === Number.NEGATIVE_INFINITY ? undefined : at;
  }

  /** Somebody lacks what the list may have. @param again and has looked there in vain before */
  want(platform: string, again = false): void {
    const plan = this.#planOf(platform);
    const apart = again ? AGAIN_APART_MS : APART_MS;
    const now = this.clock.now();
    plan.nextAt = Math.min(plan.nextAt, Math.max(now, plan.readAt + apart));
    this.clock.clearTimeout(plan.timer);
    plan.timer = this.clock.setTimeout(
      () => {
        this.dueNow(platform);
      },
      Math.max(0, plan.nextAt - now),
    );
  }

  /** Reads the list if that is due and not under way. */
  dueNow(platform: string): void {
    const plan = this.#planOf(platform);
    if (plan.running !== undefined || this.clock.now() < plan.nextAt) return;
    plan.running = this.#run(platform, plan)
      .catch((error: unknown) => {
        if (!(error instanceof StoreUnavailable))
          this.events.emit('troubleSeen', { where: 'platforms.reconciliation', error });
      })
      .finally(() => {
        plan.running = undefined;
      });
  }

  /** No ticket was ever pushed: WeChat is asked to begin. Never rejects. */
  lacksTicket(platform: string): void {
    const app = this.cache.get(platform);
    const now = this.clock.now();
    const asked = this.#askedToStart.get(platform) ?? Number.NEGATIVE_INFINITY;
    if (app === undefined || now - asked < START_APART_MS) return;
    this.#askedToStart.set(platform, now);
    void this.upstream.startTickets(app).then((answer) => {
      if (!answer.ok && answer.error.class === 'configuration')
        this.events.emit('appRefused', { appid: platform, app, error: answer.error });
    });
  }

  async #run(platform: string, plan: Plan): Promise<void> {
    plan.nextAt = this.clock.now() + APART_MS;
    const token = await this.component.of(platform);
    const app = this.cache.get(platform);
    if (token === undefined || app === undefined) {
      plan.nextAt = this.clock.now();
      return;
    }
    const wait = await this.store.throttle(platform, 'list', APART_MS).catch(() => 0);
    if (wait > 0) {
      // Another replica reads it; what it finds is in the store.
      plan.nextAt = this.clock.now() + (plan.readAt > Number.NEGATIVE_INFINITY ? wait : DAY_MS);
      return;
    }
    const begunAt = Math.floor(this.clock.wallNow() / 1000);
    const found = new Map<string, ListedAuthorizer>();
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const answer = await this.upstream.list(app, token, page * LIST_PAGE);
      if (!answer.ok) {
        this.component.foundDead(platform, token, answer.error);
        return;
      }
      for (const entry of answer.value.listed) found.set(entry.appid, entry);
      if (answer.value.listed.length < LIST_PAGE || (page + 1) * LIST_PAGE >= answer.value.total) {
        await this.#take(platform, found, begunAt);
        plan.readAt = this.clock.now();
        plan.nextAt = plan.readAt + DAY_MS * (0.95 + 0.1 * this.randomness.next());
        return;
      }
    }
  }

  async #take(
    platform: string,
    found: ReadonlyMap<string, ListedAuthorizer>,
    begunAt: number,
  ): Promise<void> {
    for (const entry of found.values()) {
      const before = this.records.authorization(platform, entry.appid);
      const isNew = before?.state !== 'authorized';
      const change = isNew ? 'authorized' : before.refused !== undefined ? 'recovered' : undefined;
      await this.authorizations.change(
        platform,
        entry.appid,
        (known) => listed(known, entry, begunAt),
        change,
      );
    }
    for (const known of this.records.authorizations(platform)) {
      if (found.has(known.appid) || known.at > begunAt - LIST_LAG_SECONDS) continue;
      await this.authorizations.change(
        platform,
        known.appid,
        (before) => before && unlisted(before),
        undefined,
      );
    }
    await this.authorizations.join(platform);
  }

  #planOf(platform: string): Plan {
    let plan = this.#plans.get(platform);
    if (plan === undefined) {
      plan = {
        nextAt: Number.NEGATIVE_INFINITY,
        readAt: Number.NEGATIVE_INFINITY,
        running: undefined,
        timer: undefined,
      };
      this.#plans.set(platform, plan);
    }
    return plan;
  }
}
