import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Clock, type TimerHandle } from '../clock/clock.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import type { ClientEntry, ClientKey } from '../core/access/client.js';
import { daysLeft, KEY_STAGES_DAYS, keyStageOf } from '../core/notices/key-expiry.js';
import { NoticeClaims } from './notice-claims.js';
import { Notices } from './notices.service.js';

/** How often the keys are looked at. Milliseconds. */
const ROUND_MS = 60_000;
/** A stage of a key is told once: longer than from the first stage to the end. Milliseconds. */
const REMEMBERED_MS = (KEY_STAGES_DAYS[0] + 1) * 86_400_000;

/** Tells of clients' keys that will soon be refused, while there is time to make new ones. */
@Injectable()
export class ExpiringKeys implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** Stages handed out by this process, of keys that there are. */
  #told = new Set<string>();
  #timer: TimerHandle | undefined;
  #running = false;

  constructor(
    private readonly notices: Notices,
    private readonly claims: NoticeClaims,
    private readonly config: AppsConfig,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.#running = true;
    this.config.onChange(() => {
      this.#look();
    });
    this.#look();
  }

  beforeApplicationShutdown(): void {
    this.#running = false;
    this.clock.clearTimeout(this.#timer);
  }

  #look(): void {
    this.clock.clearTimeout(this.#timer);
    if (!this.#running || !this.notices.isWanted) return;
    const wallNow = this.clock.wallNow();
    const told = new Set<string>();
    for (const client of this.config.current.clients) {
      for (const key of client.keys) this.#lookAt(client, key, wallNow, told);
    }
    this.#told = told;
    this.#timer = this.clock.setTimeout(() => {
      this.#look();
    }, ROUND_MS);
  }

  #lookAt(client: ClientEntry, key: ClientKey, wallNow: number, told: Set<string>): void {
    const { expiresAt } = key;
    const stage = keyStageOf(expiresAt, wallNow);
    if (stage === undefined || expiresAt === undefined) return;
    const what = `key:${key.id}:${expiresAt}:${stage}`;
    const name = `${client.id} ${what}`;
    told.add(name);
    if (this.#told.has(name)) return;
    this.notices.add('key_expiring', {
      key: `${client.id} ${key.id}`,
      ripe: async () => {
        // No appid has a dot: none of its claims has this name.
        const toldAt = await this.claims.claim(`client.${client.id}`, what, REMEMBERED_MS);
        if (toldAt !== undefined) return undefined;
        const expiresOn = new Date(expiresAt)
          .toISOString()
          .replace(/:\d\d\.\d+Z$/, ' UTC')
          .replace('T', ' ');
        return {
          client: client.id,
          keyId: key.id,
          expiresOn,
          daysLeft: daysLeft(expiresAt, this.clock.wallNow()),
        };
      },
    });
  }
}
