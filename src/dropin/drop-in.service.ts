import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { withKey, type AccessRequest } from '../access-guard/access-request.js';
import type { AccessVerdict, Granted } from '../access-guard/access-verdict.js';
import { AccessService } from '../access-guard/access.service.js';
import { Clock } from '../clock/clock.js';
import { BoundedMap } from '../core/access/bounded-map.js';
import { TICKET_TYPES, type TicketType } from '../core/app.js';
import {
  deniedError,
  DROP_IN_ERRORS,
  readCredentialRequest,
  refusal,
  REPEAT_WITHIN_MS,
  unavailableError,
  type CredentialRequest,
  type DropInRefusal,
} from '../core/dropin.js';
import { HubEvents, notServed, type Reporter } from '../events/hub-events.js';
import { isGone, whileThere } from '../http/caller.js';
import { DeadTokens } from '../token-cache/dead-tokens.service.js';
import type { Reading } from '../token-cache/reading.js';
import { ServedTokens } from '../token-cache/served-tokens.js';
import { TicketCache } from '../token-cache/ticket-cache.service.js';
import { TokenCache } from '../token-cache/token-cache.service.js';

/** Who asked lately. More than so many at once, and the oldest are forgotten: a check less, nothing worse. */
const REMEMBERED_ASKS = 50_000;

export interface DropInAnswer {
  /** JSON, of WeChat's shape. */
  readonly body: string;
  /** The body is a token's, made beforehand and ASCII: it can go out the short way. */
  readonly ready?: boolean;
  /** For the access log. */
  readonly verdict: AccessVerdict | undefined;
}

/**
 * /cgi-bin/token, /cgi-bin/stable_token and /cgi-bin/ticket/getticket as WeChat has them, with a hub key in the place
 * of the AppSecret, for SDKs that cannot be changed. Walk: parameters -> access -> (made sure of, if the SDK asks
 * again) -> memory. HTTP status 200 throughout.
 */
@Injectable()
export class DropIn {
  readonly #asks = new BoundedMap<string, { at: number }>(REMEMBERED_ASKS);

  constructor(
    private readonly access: AccessService,
    private readonly cache: TokenCache,
    private readonly tickets: TicketCache,
    private readonly deadTokens: DeadTokens,
    private readonly served: ServedTokens,
    private readonly clock: Clock,
    private readonly events: HubEvents,
  ) {}

  /**
   * Both token endpoints. `parameters`: from query and body; `undefined`: the body could not be read. `reply`: to see
   * whether the caller still waits.
   */
  token(
    reply: FastifyReply,
    caller: AccessRequest,
    parameters: Readonly<Record<string, unknown>> | undefined,
  ): DropInAnswer | Promise<DropInAnswer> {
    if (parameters === undefined) return refused(refusal(DROP_IN_ERRORS.notJson));
    const read = readCredentialRequest(parameters);
    if (!read.ok) return refused(read);
    const { request } = read;
    const verdict = this.access.check(withKey(caller, request.secret), 'read', request.appid, this.cache);
    if (!verdict.ok) return denied(verdict);
    const now = this.clock.now();
    const repeated = this.#asksAgain(`${verdict.client.id} ${verdict.address} ${request.appid}`, now);
    const reading = this.cache.read(request.appid, now);
    const check =
      repeated && !request.forceRefresh ? this.deadTokens.makeSure(request.appid, now) : undefined;
    if (reading?.kind === 'held' && check === undefined && !request.forceRefresh) {
      return { body: reading.ready.wechatBody(reading.expiresInSeconds), ready: true, verdict };
    }
    return this.#slowToken(reply, request, check, verdict, caller.requestId);
  }

  /** The token itself names the app and proves the right; the address must be one that some entry accepts. */
  async ticket(
    reply: FastifyReply,
    caller: AccessRequest,
    parameters: Readonly<Record<string, unknown>>,
  ): Promise<DropInAnswer> {
    const { access_token: token, type } = parameters;
    const appid = typeof token === 'string' ? this.served.appOf(token) : undefined;
    if (appid === undefined) {
      const address = this.access.addressOf(caller);
      this.events.emit('requestDenied', notServed('read', address, caller.requestId));
      return refused(refusal(DROP_IN_ERRORS.notServed));
    }
    const verdict = this.access.checkTokenHolder(caller, appid);
    if (!verdict.ok) return denied(verdict);
    const known = TICKET_TYPES.find((one: TicketType) => one === type);
    if (known === undefined) return refused(refusal(DROP_IN_ERRORS.badTicketType), verdict);
    const reading = await whileThere(reply, (gone) => this.tickets.read(appid, known, gone));
    if (isGone(reply)) return UNHEARD;
    if (reading?.kind !== 'held') return this.#unavailable('ticket', appid, reading, verdict);
    const ticket = reading.held.value.reveal();
    const body = { errcode: 0, errmsg: 'ok', ticket, expires_in: reading.expiresInSeconds };
    return { body: JSON.stringify(body), verdict };
  }

  /** A cold start, a repeated ask, a forced refresh: the cases in which a caller may wait for WeChat. */
  async #slowToken(
    reply: FastifyReply,
    request: CredentialRequest,
    check: Promise<void> | undefined,
    verdict: Granted,
    requestId: string | undefined,
  ): Promise<DropInAnswer> {
    const { appid, forceRefresh } = request;
    const before = this.cache.read(appid);
    if (before?.kind === 'pending') {
      await whileThere(reply, (gone) => this.cache.settled(appid, gone));
    } else if (before?.kind === 'held') {
      if (forceRefresh && verdict.client.may.has('report'))
        await this.deadTokens.report(appid, before.held.value, reporterOf(verdict, requestId));
      else await check;
    }
    if (isGone(reply)) return UNHEARD;
    const reading = this.cache.read(appid);
    if (reading?.kind !== 'held') return this.#unavailable('token', appid, reading, verdict);
    return { body: reading.ready.wechatBody(reading.expiresInSeconds), ready: true, verdict };
  }

  #unavailable(
    what: 'token' | 'ticket',
    appid: string,
    reading: Reading | undefined,
    verdict: AccessVerdict,
  ): DropInAnswer {
    if (reading === undefined) return refused(refusal(DROP_IN_ERRORS.notGranted), verdict);
    this.events.emit('dropInUnserved', { appid, what });
    const error = reading.kind === 'unavailable' ? reading.error : undefined;
    const why = error === undefined ? undefined : `${error.errmsg}; ${error.hint}`;
    return refused(refusal(unavailableError(what, why)), verdict);
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

/** Nobody reads it. */
const UNHEARD: DropInAnswer = { body: '', verdict: undefined };

function reporterOf({ client, key, address }: Granted, requestId: string | undefined): Reporter {
  return { by: 'drop_in', clientId: client.id, keyId: key?.id, address, requestId };
}

function refused({ error }: DropInRefusal, verdict?: AccessVerdict): DropInAnswer {
  return { body: JSON.stringify(error), verdict };
}

function denied(verdict: AccessVerdict & { ok: false }): DropInAnswer {
  return refused(refusal(deniedError(verdict.reason, verdict.address)), verdict);
}
