import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Clock, type TimerHandle } from '../clock/clock.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { isSilent } from '../core/platform/verify-ticket.js';
import { describeFailure } from '../core/wechat-error.js';
import { HubEvents } from '../events/hub-events.js';
import { StoreUnavailable } from '../token-cache/token-store.js';
import { TokenCache } from '../token-cache/token-cache.service.js';
import { Authorizations } from './authorizations.js';
import { PlatformRecords } from './platform-records.js';
import { Reconciliation } from './reconciliation.js';

/** How often it is looked whether another replica knows more; mostly it has told by then. */
const LOOK_MS = 15_000;
/** How long the start waits for what the store holds before it goes on. */
const LOAD_LIMIT_MS = 2000;

/**
 * Keeps what the hub knows of its platforms in line with the store: before the first apps are taken in, when another
 * replica tells, and every now and then.
 */
@Injectable()
export class Platforms implements OnModuleInit, OnModuleDestroy {
  readonly #looking = new Map<string, Promise<void>>();
  readonly #again = new Set<string>();
  /** When the hub began to listen to the pushes of each, epoch ms by the wall clock. */
  readonly #since = new Map<string, number>();
  readonly #silent = new Set<string>();
  #timer: TimerHandle | undefined;
  #stopped = false;

  constructor(
    private readonly config: AppsConfig,
    private readonly records: PlatformRecords,
    private readonly authorizations: Authorizations,
    private readonly reconciliation: Reconciliation,
    private readonly cache: TokenCache,
    private readonly clock: Clock,
    private readonly events: HubEvents,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.config.load();
    await Promise.race([this.#lookAtAll(), this.#late()]);
    this.config.onChange(({ snapshot, previous }) => {
      for (const platform of snapshot.platforms.keys())
        if (!previous.platforms.has(platform)) void this.look(platform);
    });
    this.events.on('platformTold', ({ platform }) => {
      void this.look(platform);
    });
    this.#tickIn(LOOK_MS);
  }

  onModuleDestroy(): void {
    this.#stopped = true;
    this.clock.clearTimeout(this.#timer);
  }

  /** Whether WeChat's pushes have stopped. */
  isSilent(platform: string): boolean {
    return this.#silent.has(platform);
  }

  /** Reads what the store holds of the platform; who asks meanwhile has it looked at once more. Never rejects. */
  look(platform: string): Promise<void> {
    const running = this.#looking.get(platform);
    if (running !== undefined) {
      this.#again.add(platform);
      return running;
    }
    const look = this.#look(platform).finally(() => {
      this.#looking.delete(platform);
    });
    this.#looking.set(platform, look);
    return look;
  }

  async #look(platform: string): Promise<void> {
    if (!this.config.current.platforms.has(platform)) return;
    if (!this.#since.has(platform)) this.#since.set(platform, this.clock.wallNow());
    do {
      this.#again.delete(platform);
      try {
        await this.records.sync(platform);
        await this.authorizations.join(platform);
      } catch (error) {
        if (!(error instanceof StoreUnavailable))
          this.events.emit('troubleSeen', { where: 'platforms', error });
        return;
      }
    } while (this.#again.has(platform) && !this.#stopped);
  }

  async #lookAtAll(): Promise<void> {
    await Promise.all([...this.config.current.platforms.keys()].map((platform) => this.look(platform)));
  }

  async #late(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.clock.setTimeout(resolve, LOAD_LIMIT_MS);
    });
  }

  #tickIn(ms: number): void {
    this.#timer = this.clock.setTimeout(() => {
      void this.#tick().finally(() => {
        if (!this.#stopped) this.#tickIn(LOOK_MS);
      });
    }, ms);
  }

  async #tick(): Promise<void> {
    await this.#lookAtAll();
    for (const platform of this.config.current.platforms.keys()) {
      if (this.#stopped) return;
      for (const { appid, code } of this.records.authorizations(platform)) {
        if (code !== undefined) await this.exchange(platform, appid);
      }
      this.reconciliation.dueNow(platform);
      this.#watch(platform);
    }
  }

  /** After an event: what it brought a code for. Never rejects. */
  async exchange(platform: string, appid: string): Promise<void> {
    const outcome = await this.authorizations.exchangePending(platform, appid);
    if (outcome?.ok === false && this.records.authorization(platform, appid)?.code === undefined)
      this.reconciliation.want(platform);
  }

  /** A ticket came: a platform that fails may have waited for it. */
  ticketCame(platform: string): void {
    this.#watch(platform);
    const status = this.cache.status(platform);
    if (status !== undefined && status.health !== 'valid') void this.#refresh(platform);
  }

  async #refresh(platform: string): Promise<void> {
    const asked = await this.cache.requestRefresh(platform, false);
    if (asked?.accepted === true) await asked.ended;
    this.reconciliation.dueNow(platform);
  }

  #watch(platform: string): void {
    const now = this.clock.wallNow();
    const app = this.cache.get(platform);
    const silent = isSilent(this.records.ticket(platform), this.#since.get(platform) ?? now, now);
    // Shown, and told to operators, as a refusal of the platform is.
    if (silent && app !== undefined)
      this.events.emit('appRefused', { appid: platform, app, error: describeFailure('pushes_silent', '') });
    if (silent === this.#silent.has(platform)) return;
    if (silent) this.#silent.add(platform);
    else {
      this.#silent.delete(platform);
      this.cache.entry(platform)?.accepted();
    }
    this.events.emit('platformSilent', { platform, silent });
  }
}
