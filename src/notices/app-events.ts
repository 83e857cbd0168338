import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { causeOf } from '../core/error-cause.js';
import type { UpstreamError } from '../core/upstream.js';
import { HubEvents } from '../events/hub-events.js';
import { TokenCache } from '../token-cache/token-cache.service.js';
import { NoticeClaims } from './notice-claims.js';
import type { Notice, NoticeKind } from './notice.js';
import { Notices } from './notices.service.js';
import { endsTheOneBefore } from '../core/kinds/token-families.js';

const HOUR_MS = 3_600_000;
/** A token that dies early once may be a leak that somebody has just mended; twice within so long is another server. */
const CONTESTED_WITHIN_MS = 6 * HOUR_MS;
/** One death is seen by several replicas, and reported by several callers, within so long. */
const SAME_DEATH_MS = 60_000;
/** An app is told of as contested once in so long. */
const CONTESTED_APART_MS = 24 * HOUR_MS;

/** Has told what happens to an app at one moment, rather than what lasts. */
@Injectable()
export class AppEvents {
  constructor(
    private readonly notices: Notices,
    private readonly claims: NoticeClaims,
    private readonly cache: TokenCache,
    private readonly config: AppsConfig,
    private readonly clock: Clock,
    events: HubEvents,
  ) {
    events.on('adminActed', ({ act, appid, clientId, outcome }) => {
      if (act !== 'force_refresh' || appid === undefined || outcome === 'too_early') return;
      const { forcedLeft: left } = this.cache.status(appid) ?? {};
      this.#tell('forced_refresh', appid, `${appid} ${this.clock.now()}`, {
        client: clientId,
        outcome,
        left,
      });
    });
    events.on('addressRefused', ({ appid, error }) => {
      void this.#addressRefused(appid, error);
    });
    events.on('rotatedEarly', ({ appid }) => {
      void this.#diedEarly(appid);
    });
    events.on('refreshEnded', ({ appid, kind, trigger, outcome }) => {
      if (endsTheOneBefore(kind) && trigger === 'report' && outcome === 'issued') void this.#diedEarly(appid);
    });
  }

  /** Each replica has an address of its own; one of them tells for all. */
  async #addressRefused(appid: string, error: UpstreamError): Promise<void> {
    if (!this.notices.isWanted) return;
    if ((await this.claims.claim(appid, 'address-refused', HOUR_MS)) !== undefined) return;
    const held = this.cache.status(appid)?.state.held;
    const remainingMs = held === undefined ? 0 : Math.max(0, held.expiresAt - this.clock.now());
    this.#tell('not_whitelisted', appid, appid, { error, cause: causeOf(error, 'token'), remainingMs });
  }

  /** The first death is only noted, where all replicas see it. */
  async #diedEarly(appid: string): Promise<void> {
    if (!this.notices.isWanted) return;
    const firstAt = await this.claims.claim(appid, 'died-early', CONTESTED_WITHIN_MS);
    if (firstAt === undefined || this.clock.now() - firstAt < SAME_DEATH_MS) return;
    if ((await this.claims.claim(appid, 'token_contested', CONTESTED_APART_MS)) !== undefined) return;
    this.#tell('token_contested', appid, appid, {});
  }

  #tell(kind: NoticeKind, appid: string, key: string, rest: Partial<Notice>): void {
    const name = this.config.current.apps.get(appid)?.name;
    this.notices.add([kind], {
      key,
      subject: { appid },
      ripe: () => Promise.resolve({ appid, name, ...rest }),
    });
  }
}
