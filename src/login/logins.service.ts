import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { ClientKeys } from '../access-guard/client-keys.js';
import { Clock } from '../clock/clock.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import type { AppSettings } from '../core/app.js';
import { FairShares } from '../core/fair-shares.js';
import { KINDS } from '../core/kinds/kinds.js';
import type { Actor } from '../events/actor.js';
import { HubEvents } from '../events/hub-events.js';
import type { LoginResult } from '../events/login-events.js';
import { CodeMemory } from './code-memory.js';
import { LoginUpstream } from './login-upstream.js';
import type { LoginKind, LoginOutcome } from './rules/outcome.js';

/** Logins under way at a time, of one app and of all (CONTRACT section 7). */
export const LOGIN_PLACES = { most: 2000, mostOfApp: 500 };

/** One user's code, from a caller that was let in. */
export interface LoginRequest {
  readonly kind: LoginKind;
  readonly appid: string;
  readonly code: string;
  readonly caller: Actor;
}

export type LoginAnswer =
  | LoginOutcome
  /** Nothing was sent. `spent`: another client has sent this code. `key_leaves`: it is a hub key. */
  | { readonly kind: 'too_many' | 'spent' | 'key_leaves' | 'no_app' };

/**
 * Logins: code -> (sent before? then its answer) -> a place -> one call -> answer.
 *
 * A call goes on to its end when the caller that began it is gone: its repeat is to find the answer.
 */
@Injectable()
export class Logins implements OnApplicationShutdown {
  readonly #memory: CodeMemory;
  readonly #places = new FairShares(LOGIN_PLACES);

  constructor(
    private readonly upstream: LoginUpstream,
    private readonly config: AppsConfig,
    private readonly keys: ClientKeys,
    private readonly clock: Clock,
    private readonly events: HubEvents,
  ) {
    this.#memory = new CodeMemory(clock);
  }

  /** Never rejects. */
  async login(request: LoginRequest): Promise<LoginAnswer> {
    const { kind, appid, code, caller } = request;
    const app = this.config.current.apps.get(appid);
    // Removed by a reload after the guard let pass; or of a kind whose logins take no AppSecret: the gateway's matter.
    if (app === undefined || !KINDS[app.kind].logsUsersIn) return { kind: 'no_app' };
    if (this.keys.mayHold(code)) return { kind: 'key_leaves' };
    const use = { clientId: caller.clientId, app, kind, code };
    const remembered = this.#memory.find(use);
    switch (remembered.kind) {
      case 'repeat': {
        const outcome = await remembered.outcome;
        this.events.emit('loginEnded', { ...this.#what(request, outcome), durationMs: 0, repeated: true });
        return outcome;
      }
      case 'spent':
        return { kind: 'spent' };
      case 'full':
        return this.#tooMany(request);
      case 'new': {
        if (this.#places.of(app).room < 1) return this.#tooMany(request);
        const outcome = this.#send(request, app);
        this.#memory.remember(use, outcome);
        return outcome;
      }
    }
  }

  onApplicationShutdown(): void {
    this.#memory.close();
  }

  async #send(request: LoginRequest, app: AppSettings): Promise<LoginOutcome> {
    const { kind, appid, code } = request;
    const since = this.clock.now();
    const place = this.#places.of(app);
    place.add(1);
    const outcome = await this.upstream.login(kind, app, code);
    place.add(-1);
    const durationMs = this.clock.now() - since;
    this.events.emit('loginEnded', { ...this.#what(request, outcome), durationMs, repeated: false });
    // By the settings that were refused: a reload may have brought others since.
    if (outcome.kind === 'app_refused') {
      this.events.emit('appRefused', { appid, error: outcome.error, app });
    }
    return outcome;
  }

  #tooMany(request: LoginRequest): LoginAnswer {
    const { appid, kind } = request;
    this.events.emit('loginEnded', {
      ...request.caller,
      appid,
      kind,
      result: 'too_many',
      errcode: undefined,
      durationMs: 0,
      repeated: false,
    });
    return { kind: 'too_many' };
  }

  #what(request: LoginRequest, outcome: LoginOutcome) {
    const { appid, kind, caller } = request;
    const result: LoginResult = outcome.kind;
    const errcode = outcome.kind === 'granted' ? undefined : outcome.error.errcode;
    return { ...caller, appid, kind, result, errcode };
  }
}
