import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { withKey } from '../access-guard/access-request.js';
import type { Granted } from '../access-guard/access-verdict.js';
import { Clock } from '../clock/clock.js';
import { BoundedMap } from '../core/access/bounded-map.js';
import { GrantedApps } from '../access-guard/granted-apps.js';
import { ownWords } from '../core/upstream.js';
import {
  DROP_IN_ERRORS,
  isBehind,
  PLATFORM_DROP_IN_ERRORS,
  readComponentRequest,
  readCorpRequest,
  readCredentialRequest,
  REPEAT_WITHIN_MS,
  severalAgentsError,
  unavailableError,
  WECOM_DROP_IN_ERRORS,
  type CredentialRequest,
  type Door,
  type DropInError,
} from '../core/dropin.js';
import type { Parameters } from './parameters.js';
import { HubEvents, type Reporter } from '../events/hub-events.js';
import { AccessGuard } from '../web/access.guard.js';
import { accessRequestOf, grantedActor, type AppRequest } from '../web/app-request.js';
import { isGone, whileThere } from '../web/caller.js';
import { wechatDenialOf, wechatTicket } from '../web/wechat-shape.js';
import { TokenReports } from '../token-cache/token-reports.service.js';
import type { HeldToken, Reading } from '../token-cache/reading.js';
import { ServedTokens } from '../token-cache/served-tokens.js';
import { TicketCache } from '../token-cache/ticket-cache.service.js';
import { TokenCache } from '../token-cache/token-cache.service.js';

/** Who asked lately. More than so many at once, and the oldest are forgotten: a check less, nothing worse. */
const REMEMBERED_ASKS = 50_000;

export type DropInAnswer =
  /** JSON, of WeChat's shape. `ready`: a token's, made beforehand and ASCII: it can go out the short way. */
  { readonly body: string; readonly ready: boolean } | { readonly error: DropInError };

/**
 * The token and ticket endpoints as WeChat and WeCom have them, with a hub key in the place of the AppSecret, for SDKs that cannot be changed. Walk: parameters -> access -> (made sure of, if the SDK asks
 * again) -> memory. HTTP status 200 throughout.
 */
@Injectable()
export class DropIn {
  readonly #asks = new BoundedMap<string, { at: number }>(REMEMBERED_ASKS);

  constructor(
    private readonly guard: AccessGuard,
    private readonly granted: GrantedApps,
    private readonly cache: TokenCache,
    private readonly tickets: TicketCache,
    private readonly tokenReports: TokenReports,
    private readonly served: ServedTokens,
    private readonly clock: Clock,
    private readonly events: HubEvents,
  ) {}

  /**
   * Both token endpoints. `parameters`: from query and body; `undefined`: the body could not be read. `reply`: to see
   * whether the caller still waits.
   */
  token(
    caller: AppRequest,
    reply: FastifyReply,
    parameters: Readonly<Record<string, unknown>> | undefined,
  ): DropInAnswer | Promise<DropInAnswer> {
    if (parameters === undefined) return { error: DROP_IN_ERRORS.notJson };
    const read = readCredentialRequest(parameters);
    return read.ok ? this.#token(caller, reply, read.request, 'wechat') : read;
  }

  /**
   * WeCom's `gettoken`. `corpid` is the name of the agent in the hub, or the corporation's own id where the client is
   * granted one agent of it alone.
   */
  gettoken(
    caller: AppRequest,
    reply: FastifyReply,
    parameters: Readonly<Record<string, unknown>>,
  ): DropInAnswer | Promise<DropInAnswer> {
    const read = readCorpRequest(parameters);
    if (!read.ok) return read;
    const { appid: corpid, secret } = read.request;
    const agents = this.cache.has(corpid) ? [] : this.granted.agentsOf(corpid, secret, 'read');
    const request = { ...read.request, appid: agents[0] ?? corpid };
    return this.#token(caller, reply, request, 'wecom', agents);
  }

  /** A platform's `api_component_token`, with the hub key as `component_appsecret`. */
  componentToken(
    caller: AppRequest,
    reply: FastifyReply,
    parameters: Parameters | undefined,
  ): DropInAnswer | Promise<DropInAnswer> {
    if (parameters === undefined) return { error: DROP_IN_ERRORS.notJson };
    const read = readComponentRequest(parameters);
    return read.ok ? this.#token(caller, reply, read.request, 'platform') : read;
  }

  /**
   * A platform's `api_authorizer_token`: the platform's token, which the hub served, proves the right. The authorizer's
   * real refresh token stays in the hub; the caller has its own back.
   */
  async authorizerToken(
    caller: AppRequest,
    reply: FastifyReply,
    query: Parameters,
    body: Parameters | undefined,
  ): Promise<DropInAnswer> {
    if (body === undefined) return { error: DROP_IN_ERRORS.notJson };
    const token = query.component_access_token ?? query.access_token;
    const platform = typeof token === 'string' ? this.served.appOf(token) : undefined;
    const isPlatform = platform !== undefined && this.cache.get(platform)?.kind === 'platform';
    if (!isPlatform) {
      this.guard.tellNotServed(caller, 'platform');
      return { error: DROP_IN_ERRORS.notServed };
    }
    const ask = {
      request: accessRequestOf(caller),
      act: 'platform',
      appid: platform,
      proof: 'token',
    } as const;
    const verdict = this.guard.examine(caller, ask);
    if (!verdict.ok) return { error: wechatDenialOf(verdict) };
    const { authorizer_appid: appid, authorizer_refresh_token: own } = body;
    if (typeof appid !== 'string' || this.cache.get(appid)?.platform !== platform)
      return { error: PLATFORM_DROP_IN_ERRORS.notAuthorised };
    const repeated = this.#asksAgain(`${verdict.client.id} ${verdict.address} ${appid}`, this.clock.now());
    const request = { appid, secret: '', forceRefresh: false };
    const check = repeated ? this.tokenReports.makeSure(appid) : undefined;
    const answer = await this.#slowToken(reply, request, check, verdict, 'wechat');
    if ('error' in answer || answer === UNHEARD) return answer;
    const refreshToken = JSON.stringify(typeof own === 'string' ? own : '');
    const rest = `"authorizer_${answer.body.slice(2, -1)}`;
    return { body: `{${rest},"authorizer_refresh_token":${refreshToken}}`, ready: false };
  }

  /** @param agents those that the caller may have meant; more than one: it must say which */
  #token(
    caller: AppRequest,
    reply: FastifyReply,
    request: CredentialRequest,
    door: Door,
    agents: readonly string[] = [],
  ): DropInAnswer | Promise<DropInAnswer> {
    const verdict = this.guard.examine(caller, {
      request: withKey(accessRequestOf(caller), request.secret),
      act: door === 'platform' ? 'platform' : 'read',
      appid: request.appid,
      proof: 'key',
    });
    if (!verdict.ok) return { error: wechatDenialOf(verdict, door) };
    if (agents.length > 1) return { error: severalAgentsError(agents) };
    if (!isBehind(door, this.cache.get(request.appid)?.kind)) return { error: notGrantedAt(door) };
    const now = this.clock.now();
    const repeated = this.#asksAgain(`${verdict.client.id} ${verdict.address} ${request.appid}`, now);
    const reading = this.cache.read(request.appid, now);
    const check =
      repeated && !request.forceRefresh ? this.tokenReports.makeSure(request.appid, now) : undefined;
    if (reading?.kind === 'held' && check === undefined && !request.forceRefresh) {
      return { body: tokenBody(reading, door), ready: true };
    }
    return this.#slowToken(reply, request, check, verdict, door);
  }

  /**
   * The token itself names the app and proves the right; the address must be one that some entry accepts.
   * @param type as the door has it
   */
  async ticket(
    caller: AppRequest,
    reply: FastifyReply,
    { access_token: token }: Readonly<Record<string, unknown>>,
    door: Door,
    type: unknown,
  ): Promise<DropInAnswer> {
    const errors = door === 'wecom' ? WECOM_DROP_IN_ERRORS : DROP_IN_ERRORS;
    const appid = typeof token === 'string' ? this.served.appOf(token) : undefined;
    if (appid === undefined) {
      this.guard.tellNotServed(caller, 'read');
      return { error: errors.notServed };
    }
    const ask = { request: accessRequestOf(caller), act: 'read', appid, proof: 'token' } as const;
    const verdict = this.guard.examine(caller, ask);
    if (!verdict.ok) return { error: wechatDenialOf(verdict, door) };
    if (!isBehind(door, this.cache.get(appid)?.kind)) return { error: errors.notServed };
    const known = this.tickets.typeOf(appid, type);
    if (known === undefined) return { error: errors.badTicketType };
    const reading = await whileThere(reply, (gone) => this.tickets.read(appid, known, gone));
    if (isGone(reply)) return UNHEARD;
    if (reading?.kind !== 'held') return this.#unavailable('ticket', appid, reading);
    return { body: wechatTicket(reading.held.value.reveal(), reading.expiresInSecondsForSdks), ready: false };
  }

  /** A cold start, a repeated ask, a forced refresh: the cases in which a caller may wait for WeChat. */
  async #slowToken(
    reply: FastifyReply,
    request: CredentialRequest,
    check: Promise<void> | undefined,
    verdict: Granted,
    door: Door,
  ): Promise<DropInAnswer> {
    const { appid, forceRefresh } = request;
    const before = this.cache.read(appid);
    if (before?.kind === 'pending') {
      await whileThere(reply, (gone) => this.cache.settled(appid, gone));
    } else if (before?.kind === 'held') {
      if (forceRefresh && verdict.client.may.has('report'))
        await this.tokenReports.report(appid, before.held.value, reporterOf(verdict, reply.request));
      else await check;
    }
    if (isGone(reply)) return UNHEARD;
    const reading = this.cache.read(appid);
    if (reading?.kind !== 'held') return this.#unavailable('token', appid, reading);
    return { body: tokenBody(reading, door), ready: true };
  }

  #unavailable(what: 'token' | 'ticket', appid: string, reading: Reading | undefined): DropInAnswer {
    if (reading === undefined) return { error: DROP_IN_ERRORS.notGranted };
    this.events.emit('dropInUnserved', { appid, what });
    const error = reading.kind === 'unavailable' ? reading.error : undefined;
    const why = error === undefined ? undefined : ownWords(error);
    return { error: unavailableError(what, why) };
  }

  /** Whether the same was asked within 10 s; remembers this time. */
  #asksAgain(who: string, now: number): boolean {
    const last = this.#asks.get(who);
    if (last === undefined) {
      this.#asks.set(who, { at: now });
      return false;
    }
    const again = now - last.at <= REPEAT_WITHIN_MS;
    last.at = now;
    return again;
  }
}

/** `gettoken` answers success with an errcode too. */
function tokenBody({ ready, expiresInSeconds }: HeldToken, door: Door): string {
  const body = ready.wechatBody(expiresInSeconds);
  if (door === 'platform') return `{"component_${body.slice(2)}`;
  return door === 'wecom' ? `{"errcode":0,"errmsg":"ok",${body.slice(1)}` : body;
}

/** The app is of another kind: its tokens are not to be had at this door. */
function notGrantedAt(door: Door): DropInError {
  return door === 'wecom' ? WECOM_DROP_IN_ERRORS.notGranted : DROP_IN_ERRORS.notGranted;
}

/** Nobody reads it. */
export const UNHEARD: DropInAnswer = { body: '', ready: false };

function reporterOf(verdict: Granted, request: FastifyRequest): Reporter {
  return { by: 'drop_in', ...grantedActor(verdict, request) };
}
