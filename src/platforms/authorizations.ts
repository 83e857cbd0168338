import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import {
  authorised,
  codeSpent,
  exchanged,
  refreshed,
  refusedAnew,
  stateOf,
  withdrawn,
  type Authorization,
} from '../core/platform/authorization.js';
import type { PushEvent } from '../core/platform/push-event.js';
import type { Secret } from '../core/secret.js';
import type { UpstreamError } from '../core/upstream.js';
import { HubEvents } from '../events/hub-events.js';
import type { AuthorizationChanged } from '../events/platform-events.js';
import { TokenCache } from '../token-cache/token-cache.service.js';
import { PlatformUpstream, type Exchanged } from '../wechat-client/platform-upstream.js';
import { ComponentToken } from './component-token.js';
import { PlatformRecords } from './platform-records.js';

export type ExchangeOutcome =
  | { readonly ok: true; readonly appid: string }
  /** WeChat does not take the code, now or ever; its time is over where `error` is not there. */
  | { readonly ok: false; readonly kind: 'refused'; readonly error: UpstreamError | undefined }
  /** It is not known, or not tried yet. */
  | { readonly ok: false; readonly kind: 'open'; readonly error: UpstreamError | undefined };

/** Codes of events are by WeChat's clock, those of a callback come without a time: so much earlier, seconds. */
const CALLBACK_SLACK_SECONDS = 60;

/**
 * What becomes of the authorisations that accounts give platforms: each change is a transition of core/platform, stored
 * before it is used, told, and then taken over among the apps.
 */
@Injectable()
export class Authorizations {
  readonly #exchanges = new Map<string, Promise<ExchangeOutcome>>();
  /** What was last told to the configuration, by platform. */
  readonly #joined = new Map<string, string>();

  constructor(
    private readonly config: AppsConfig,
    private readonly records: PlatformRecords,
    private readonly upstream: PlatformUpstream,
    private readonly component: ComponentToken,
    private readonly cache: TokenCache,
    private readonly clock: Clock,
    private readonly events: HubEvents,
  ) {}

  /** What a push told, stored when this resolves. @throws StoreUnavailable */
  async take(platform: string, event: Exclude<PushEvent, { kind: 'other' }>): Promise<void> {
    if (event.kind === 'ticket') {
      const { at, ticket: value } = event;
      await this.records.takeTicket(platform, { value, at, receivedAt: this.clock.wallNow() });
      return;
    }
    if (event.kind === 'withdrawn') {
      const { appid } = event;
      await this.change(platform, appid, (before) => withdrawn(before, event), 'withdrawn');
      await this.join(platform);
      return;
    }
    const change = event.kind === 'authorized' ? 'authorized' : 'updated';
    await this.change(platform, event.appid, (before) => authorised(before, event), change);
    await this.join(platform);
  }

  /**
   * One transition, told where it changed anything; {@link join} is the caller's.
   * @throws StoreUnavailable: nothing has changed
   */
  async change(
    platform: string,
    appid: string,
    transition: (before: Authorization | undefined) => Authorization | undefined,
    change: AuthorizationChanged['change'] | undefined,
    errcode?: number,
  ): Promise<Authorization | undefined> {
    const { before, after } = await this.records.change(platform, appid, transition);
    if (before !== after && change !== undefined)
      this.events.emit('authorizationChanged', { platform, appid, change, errcode });
    return after;
  }

  /** The accounts that authorise the platform now are apps from now on, and no others of it. */
  async join(platform: string): Promise<void> {
    const authorizers = this.records
      .authorizations(platform)
      .filter(({ state }) => state === 'authorized')
      .map(({ appid, renewals }) => ({ appid, authorisation: renewals }))
      .toSorted((a, b) => (a.appid < b.appid ? -1 : 1));
    const text = JSON.stringify(authorizers);
    if (this.#joined.get(platform) === text) return;
    this.#joined.set(platform, text);
    await this.config.setAuthorizers(platform, authorizers);
  }

  /** Exchanges the code that an event brought, if there is one. Never rejects. */
  async exchangePending(platform: string, appid: string): Promise<ExchangeOutcome | undefined> {
    const code = this.records.authorization(platform, appid)?.code;
    if (code === undefined) return undefined;
    if (code.until * 1000 <= this.clock.wallNow()) {
      await this.#spend(platform, appid, code.value);
      return { ok: false, kind: 'refused', error: undefined };
    }
    return this.exchange(platform, code.value, appid);
  }

  /**
   * A code for an authorisation. It is sent once: who asks meanwhile shares the answer. Never rejects.
   * @param appid of the account, where it is known; WeChat says it with its answer
   */
  exchange(platform: string, code: Secret, appid?: string): Promise<ExchangeOutcome> {
    const key = `${platform} ${code.reveal()}`;
    let running = this.#exchanges.get(key);
    if (running === undefined) {
      running = this.#exchange(platform, code, appid)
        .catch((error: unknown): ExchangeOutcome => {
          this.events.emit('troubleSeen', { where: 'platforms.exchange', error });
          return { ok: false, kind: 'open', error: undefined };
        })
        .finally(() => {
          this.#exchanges.delete(key);
        });
      this.#exchanges.set(key, running);
    }
    return running;
  }

  async #exchange(platform: string, code: Secret, appid: string | undefined): Promise<ExchangeOutcome> {
    const app = this.cache.get(platform);
    const token = await this.component.of(platform);
    if (app === undefined || token === undefined) return { ok: false, kind: 'open', error: undefined };
    const answer = await this.upstream.exchange(app, token, code);
    if (!answer.ok) {
      const { error } = answer;
      if (this.component.foundDead(platform, token, error)) return { ok: false, kind: 'open', error };
      const isUnknown = error.errcode !== undefined && UNUSABLE_CODE.has(error.errcode);
      if ((error.mayHaveActed || isUnknown) && appid !== undefined) await this.#spend(platform, appid, code);
      return { ok: false, kind: isUnknown ? 'refused' : 'open', error };
    }
    await this.brought(platform, code, answer.value);
    return { ok: true, appid: answer.value.appid };
  }

  /** What a code was exchanged for, by whomever. @throws StoreUnavailable */
  async brought(platform: string, code: Secret, value: Exchanged): Promise<void> {
    const known = this.records.authorization(platform, value.appid);
    // Of a callback no event's time is known: the event itself may still come, and is the same authorisation.
    const at =
      known?.code?.value.equals(code) === true
        ? known.at
        : Math.floor(this.clock.wallNow() / 1000) - CALLBACK_SLACK_SECONDS;
    const transition = (before: Authorization | undefined): Authorization =>
      exchanged(before, value.appid, value.refreshToken, code, at);
    await this.#insistently(() =>
      this.change(platform, value.appid, transition, known === undefined ? 'authorized' : undefined),
    );
    await this.join(platform);
  }

  /** A token was got: what it is to be got with from now on is stored. Never rejects. @returns whether it is */
  async tokenGot(platform: string, appid: string, used: Secret, next: Secret | undefined): Promise<boolean> {
    const before = this.records.authorization(platform, appid);
    const wasRefused = before !== undefined && stateOf(before) === 'needs_authorising';
    try {
      await this.#insistently(() =>
        this.change(
          platform,
          appid,
          (known) => known && refreshed(known, used, next),
          wasRefused ? 'recovered' : undefined,
        ),
      );
      return true;
    } catch {
      return false;
    }
  }

  /**
   * WeChat refuses a refresh token. Never rejects.
   * @returns the one to try instead, if another is known
   */
  async tokenRefused(
    platform: string,
    appid: string,
    used: Secret,
    errcode: number,
  ): Promise<Secret | undefined> {
    const wallNow = this.clock.wallNow();
    try {
      const { before, after } = await this.records.change(
        platform,
        appid,
        (known) => known && refusedAnew(known, used, errcode, wallNow),
      );
      const isNews = after?.refused !== undefined && before?.refused === undefined;
      if (isNews)
        this.events.emit('authorizationChanged', { platform, appid, change: 'needs_authorising', errcode });
      await this.join(platform);
    } catch {
      // The store is away: what it is to be told is found out anew.
    }
    const current = this.records.authorization(platform, appid);
    return used.equals(current?.refreshToken) ? undefined : current?.refreshToken;
  }

  async #spend(platform: string, appid: string, code: Secret): Promise<void> {
    await this.change(platform, appid, (before) => before && codeSpent(before, code), undefined).catch(
      () => undefined,
    );
  }

  /** What WeChat has given is to be kept: a store that stumbles is asked again. */
  async #insistently<T>(store: () => Promise<T>): Promise<T> {
    try {
      return await store();
    } catch {
      return store();
    }
  }
}

/** "code is invalid", "code is expired", "invalid args" (also: used), "invalid code" */
const UNUSABLE_CODE: ReadonlySet<number> = new Set([61009, 61010, 40097, 40029]);
