import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import type { AppSettings } from '../core/app.js';
import { FairShares } from '../core/fair-shares.js';
import { KINDS } from '../core/kinds/kinds.js';
import type { Secret } from '../core/secret.js';
import type { UpstreamError } from '../core/upstream.js';
import type { Actor } from '../events/actor.js';
import { HubEvents, type AdminActed } from '../events/hub-events.js';
import { notGranted } from '../web/denial.js';
import { HubException } from '../web/hub-exception.js';
import { unavailable } from '../web/unavailable.js';
import { whose } from '../login/rules/whose.js';
import { TokenCache } from '../token-cache/token-cache.service.js';
import { TokenStore } from '../token-cache/token-store.js';
import { WeChatQuota } from '../wechat-client/wechat-quota.js';
import { chinaMonth, CLEARS_PER_MONTH, isCgiPath, isRid, ridAnswer } from './rules/quota.js';

/** A month, and a bit: how long a month's count is kept. Milliseconds. */
const KEPT_MS = 32 * 86_400_000;
/** `clear_quota/v2`: forbid to clear quota because of reaching the limit. */
const NO_CLEARS_LEFT = 48006;

/** Questions under way at a time: people ask them. Nobody's take up the connections that tokens and logins need. */
const ROOM = { most: 100, mostOfApp: 10 };

/** What an administrator asks of an app's quotas at WeChat. The actor was found to have `admin` of the app. */
@Injectable()
export class QuotaActs {
  /** What this process has cleared in a month, for when the store cannot be asked: `appid month`. */
  readonly #cleared = new Map<string, number>();
  readonly #places = new FairShares(ROOM);

  constructor(
    private readonly config: AppsConfig,
    private readonly cache: TokenCache,
    private readonly store: TokenStore,
    private readonly wechat: WeChatQuota,
    private readonly clock: Clock,
    private readonly events: HubEvents,
  ) {}

  /** @throws {HubException} where the path is none, there is no token, or WeChat refuses. */
  async quota(actor: Actor, appid: string, path: unknown): Promise<Record<string, unknown>> {
    if (!isCgiPath(path)) {
      throw new HubException(
        'HUB_BAD_REQUEST',
        'path is a path of WeChat’s without query and slash at the end: ?path=/cgi-bin/message/custom/send',
      );
    }
    this.#appWithQuotas(appid);
    const token = this.#tokenOf(appid);
    const result = await this.#inPlace(appid, () => this.wechat.quotaOf(token, path));
    this.#tell(actor, { act: 'quota', appid, ...outcomeOf(result), detail: path });
    if (!result.ok) throw refused(result.error);
    const { errcode: _errcode, errmsg: _errmsg, ...said } = result.fields;
    return said;
  }

  /** @throws {HubException} `HUB_RATE_LIMITED` where the month's ten are used: WeChat is not asked then. */
  async clear(actor: Actor, appid: string): Promise<{ left: number }> {
    const app = this.#appWithQuotas(appid);
    const month = chinaMonth(this.clock.wallNow());
    const left = await this.#spend(appid, month.name);
    if (left === undefined) {
      this.#tell(actor, { act: 'clear_quota', appid, outcome: 'too_many' });
      throw this.#noneLeft(month.endsAt);
    }
    const result = await this.wechat.clearAll(app);
    this.#tell(actor, { act: 'clear_quota', appid, ...outcomeOf(result) });
    if (result.ok) return { left };
    const { errcode } = result.error;
    if (errcode === NO_CLEARS_LEFT) throw this.#noneLeft(month.endsAt);
    if (errcode !== undefined && whose(errcode) === 'app') {
      this.events.emit('appRefused', { appid, app, error: result.error });
    }
    throw refused(result.error);
  }

  /** @throws {HubException} where the rid is none, there is no token, or WeChat refuses. */
  async rid(actor: Actor, appid: string, rid: string): Promise<Record<string, unknown>> {
    if (!isRid(rid)) {
      throw new HubException(
        'HUB_BAD_REQUEST',
        'A rid is like 61725984-6126f6f9-040f19c4: it ends WeChat’s errmsg.',
      );
    }
    this.#appWithQuotas(appid);
    const token = this.#tokenOf(appid);
    const result = await this.#inPlace(appid, () => this.wechat.ridInfo(token, rid));
    this.#tell(actor, { act: 'rid', appid, ...outcomeOf(result), detail: rid });
    if (!result.ok) throw refused(result.error);
    return ridAnswer(result.fields.request, this.wechat.secretsOf(this.#appOf(appid), token));
  }

  /** @throws {HubException} where too many are under way. */
  async #inPlace<T>(appid: string, ask: () => Promise<T>): Promise<T> {
    const place = this.#places.of(this.#appOf(appid));
    if (place.room < 1) {
      throw new HubException('HUB_RATE_LIMITED', 'Too many questions to WeChat are under way.', {
        retryAfterSeconds: 1,
      });
    }
    place.add(1);
    try {
      return await ask();
    } finally {
      place.add(-1);
    }
  }

  /** How many are left after this one; `undefined`: none was. Over all replicas where the store can be asked. */
  async #spend(appid: string, month: string): Promise<number | undefined> {
    const key = `${appid} ${month}`;
    const used = this.#cleared.get(key) ?? 0;
    if (used >= CLEARS_PER_MONTH) return undefined;
    let left = CLEARS_PER_MONTH - used - 1;
    try {
      const budget = { most: CLEARS_PER_MONTH, windowMs: KEPT_MS, apartMs: 0 };
      const spent = await this.store.spend(appid, `quota-clear:${month}`, budget);
      if (spent.waitMs > 0) return undefined;
      left = Math.min(left, spent.left);
    } catch (error) {
      this.events.emit('troubleSeen', { where: 'store.spend', error });
    }
    this.#cleared.set(key, (this.#cleared.get(key) ?? 0) + 1);
    return left;
  }

  #noneLeft(endsAt: number): HubException {
    const waitS = Math.max(1, Math.ceil((endsAt - this.clock.wallNow()) / 1000));
    return new HubException(
      'HUB_RATE_LIMITED',
      `WeChat lets an app's quotas be cleared ${CLEARS_PER_MONTH} times a month, and none is left; again next month.`,
      { retryAfterSeconds: waitS, members: { left: 0 } },
    );
  }

  #appOf(appid: string): AppSettings {
    const app = this.config.current.apps.get(appid);
    // The guard has just found it: removed by a reload in between.
    if (app === undefined) throw notGranted();
    return app;
  }

  /** Nothing of another kind of app goes to WeChat. */
  #appWithQuotas(appid: string): AppSettings {
    const app = this.#appOf(appid);
    if (KINDS[app.kind].hasQuotas) return app;
    throw new HubException('HUB_BAD_REQUEST', `Apps of kind ${app.kind} have no quotas of WeChat's.`);
  }

  #tokenOf(appid: string): Secret {
    const reading = this.cache.read(appid);
    if (reading?.kind !== 'held') throw unavailable(reading);
    return reading.held.value;
  }

  #tell(actor: Actor, act: Omit<AdminActed, keyof Actor>): void {
    this.events.emit('adminActed', { ...act, ...actor });
  }
}

function outcomeOf(result: { readonly ok: boolean; readonly error?: UpstreamError }) {
  return { outcome: result.ok ? 'ok' : 'failed', errcode: result.error?.errcode };
}

function refused(upstream: UpstreamError): HubException {
  return new HubException('HUB_UPSTREAM_FAILED', `WeChat gave no answer to this: ${upstream.errmsg}`, {
    upstream,
  });
}
