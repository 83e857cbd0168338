import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { AccessService } from '../access-guard/access.service.js';
import type { Denied, Granted } from '../access-guard/access-verdict.js';
import { Admission, type Ask } from '../access-guard/admission.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import type { Act } from '../core/access/client.js';
import type { TokenVerdict, VerifiedToken } from '../core/access/identity.js';
import { HubEvents } from '../events/hub-events.js';
import { Identities } from '../identities/identities.service.js';
import { tokenIn } from '../identities/presented-token.js';
import { TokenCache } from '../token-cache/token-cache.service.js';
import { accessRequestOf, requestIdsOf, revoke, type AppRequest } from './app-request.js';
import { denialOf, notGranted } from './denial.js';
import { answerDenied, installExit } from './exit.js';
import { accessOf } from './route-access.js';
import { Turns } from './turns.js';

/** A request that was let in and waits for something. */
interface Waiting {
  readonly request: AppRequest;
  readonly reply: FastifyReply;
}

/**
 * The door of every listener: asks AccessService before a route runs, and again before its answer leaves.
 *
 * - Before: {@link watchEntry}: a token of an issuer that is seen for the first time is judged, which takes a moment.
 *   After that, and for keys and addresses, nothing here waits.
 * - In: {@link admit} and {@link examine}. A route that says neither what it takes nor that it is open cannot be
 *   registered, and would be denied.
 * - Out: {@link installExit}: an answer of a request that has lost its right since is replaced by the denial.
 * - Between: {@link during}. When the configuration changes, those that wait and have lost their right are told at once.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  readonly #waiting = new Set<Waiting>();
  readonly #turns = new Turns();
  /**
   * What was verified last on a connection, with the header that showed it: to compare a thousand characters costs a
   * fiftieth of hashing them. It goes with the connection.
   */
  readonly #lastTokens = new WeakMap<
    object,
    { readonly authorization: string; readonly verdict: VerifiedToken }
  >();

  constructor(
    private readonly access: AccessService,
    private readonly cache: TokenCache,
    private readonly identities: Identities,
    private readonly events: HubEvents,
    config: AppsConfig,
  ) {
    config.onChange(() => {
      for (const waiting of this.#waiting) void this.#lookAgain(waiting);
    });
  }

  /** Requests that were let in and wait for something now. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Before any route of the listener is registered. */
  watchExit(instance: FastifyInstance): void {
    installExit(instance, this.events);
  }

  /** After the hooks that every answer needs. */
  watchEntry(instance: FastifyInstance): void {
    instance.addHook('onRequest', (raw, _reply, done) => {
      const request = raw as AppRequest;
      const { headers, socket } = request.raw;
      const { authorization } = headers;
      if (authorization?.includes('.') !== true) {
        done();
        return;
      }
      const last = this.#lastTokens.get(socket);
      if (last?.authorization === authorization && this.identities.counts(last.verdict)) {
        request.token = last.verdict;
        done();
        return;
      }
      const token = tokenIn(authorization);
      const act = accessOf(request)?.act;
      if (token === undefined || act === undefined || act === 'open') {
        done();
        return;
      }
      const goOn = (verdict: TokenVerdict): void => {
        request.token = verdict;
        if ('subject' in verdict) this.#lastTokens.set(socket, { authorization, verdict });
        done();
      };
      const verdict = this.identities.verdictOf(token);
      if (verdict instanceof Promise) verdict.then(goOn, done);
      else goOn(verdict);
    });
  }

  /** For Nest's controllers. */
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<AppRequest>();
    const act = accessOf(request)?.act;
    if (act === undefined) throw notGranted();
    if (act !== 'open') this.admit(request, act);
    return true;
  }

  /**
   * Lets the request pass, by the key in its header or by its address, and counts it: once per request.
   * @throws {HubException}
   */
  admit(request: AppRequest, act: Act): Granted {
    const verdict = this.examine(request, {
      request: accessRequestOf(request),
      act,
      appid: request.params.appid,
      proof: 'key',
    });
    if (!verdict.ok) throw denialOf(verdict);
    return verdict;
  }

  /** The same for routes that are told otherwise who asks for what, or that have errors of their own. */
  examine(request: AppRequest, ask: Ask): Granted | Denied {
    const admitted = this.access.admit(ask, this.cache);
    if (admitted instanceof Admission) {
      request.admission = admitted;
      return (request.verdict = admitted.verdict);
    }
    return (request.verdict = admitted);
  }

  /** A caller shows a token in the place of a key, and the hub does not serve it: a denial like others. */
  tellNotServed(request: AppRequest, act: Act): void {
    const address = this.access.addressOf(accessRequestOf(request));
    const nobody = { clientId: undefined, keyId: undefined, appid: undefined };
    const ids = requestIdsOf(request);
    this.events.emit('requestDenied', { reason: 'token_not_served', act, ...nobody, address, ...ids });
  }

  /**
   * For a request that was admitted, waited, and is now about to do something: whether it still may. Before its answer
   * it need not ask.
   * @throws {HubException}
   */
  confirm(request: AppRequest): void {
    const denied = request.admission?.denialNow();
    if (denied !== undefined) throw denialOf(revoke(request, denied));
  }

  /** Passes `waiting` on. Meanwhile, should a reload take the request's right away, the denial is its answer at once. */
  async during<T>(request: AppRequest, reply: FastifyReply, waiting: Promise<T>): Promise<T> {
    const entry = { request, reply };
    this.#waiting.add(entry);
    try {
      return await waiting;
    } finally {
      this.#waiting.delete(entry);
    }
  }

  /** A few in each turn of the event loop: there may be ten thousand long-polls. */
  async #lookAgain(waiting: Waiting): Promise<void> {
    await this.#turns.next();
    const { request, reply } = waiting;
    if (!this.#waiting.has(waiting) || reply.sent || accessOf(request)?.tellsOwnDeed === true) return;
    const denied = request.admission?.denialNow();
    if (denied !== undefined) answerDenied(revoke(request, denied), request, reply);
  }
}
