import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Clock, type TimerHandle } from '../clock/clock.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { causeOf } from '../core/error-cause.js';
import type { CredentialState } from '../core/credential.js';
import { HubEvents } from '../events/hub-events.js';
import { TokenCache, type AppStatus } from '../token-cache/token-cache.service.js';
import { Episodes } from './episodes.js';
import { NoticeClaims } from './notice-claims.js';
import type { Condition, Notice } from './notice.js';
import { Notices } from './notices.service.js';
import { conditionsOf, isTicketFailing, type CredentialLook } from './watching/watch.js';

/** Each app is looked at so often. Milliseconds. */
const ROUND_MS = 5000;
/** So many apps at a time, which takes about a millisecond … */
const APPS_PER_LOOK = 1000;
/** … and then requests have the event loop for so long. Milliseconds. */
const PAUSE_MS = 250;

/**
 * Looks at the state of every app, whoever changed it (this replica, another one, a reload), and has told what
 * watching/watch.ts finds. Nothing is looked at while nobody is to be told.
 */
@Injectable()
export class AppConditions implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #episodes: Episodes<Condition>;
  #timer: TimerHandle | undefined;
  #running = false;

  constructor(
    private readonly notices: Notices,
    claims: NoticeClaims,
    private readonly cache: TokenCache,
    private readonly config: AppsConfig,
    private readonly clock: Clock,
    private readonly events: HubEvents,
  ) {
    this.#episodes = new Episodes(notices, claims, clock, {
      noticeOf: (appid, kind) => this.#noticeOf(appid, kind),
      concerns: (appid) => ({ appid }),
    });
  }

  onApplicationBootstrap(): void {
    this.#running = true;
    this.config.onChange(() => {
      this.#begin();
    });
    this.#begin();
  }

  beforeApplicationShutdown(): void {
    this.#running = false;
    this.clock.clearTimeout(this.#timer);
  }

  #begin(): void {
    if (this.#timer === undefined) this.#arm(() => this.#round(), ROUND_MS);
  }

  #arm(look: () => void, waitMs: number): void {
    if (!this.#running) return;
    if (!this.notices.isWanted) {
      this.#timer = undefined;
      this.#episodes.clear();
      return;
    }
    this.#timer = this.clock.setTimeout(look, waitMs);
  }

  #round(): void {
    const { apps } = this.config.current;
    this.#episodes.keepOnly((appid) => apps.has(appid));
    this.#lookAt([...this.cache.appids()], 0);
  }

  #lookAt(appids: readonly string[], from: number): void {
    try {
      for (const appid of appids.slice(from, from + APPS_PER_LOOK)) this.#look(appid);
    } catch (error) {
      this.events.emit('troubleSeen', { where: 'notices', error });
    }
    const next = from + APPS_PER_LOOK;
    if (next < appids.length) {
      this.#arm(() => {
        this.#lookAt(appids, next);
      }, PAUSE_MS);
    } else {
      this.#arm(() => {
        this.#round();
      }, ROUND_MS);
    }
  }

  #look(appid: string): void {
    const status = this.cache.status(appid);
    if (status === undefined) return;
    const now = this.clock.now();
    const ticket = failingTicket(status, now);
    this.#episodes.look(
      appid,
      [conditionsOf(tokenLookOf(status, now)), ticket === undefined ? [] : ['ticket_failing']],
      now,
    );
  }

  #noticeOf(appid: string, kind: string): Notice | undefined {
    const status = this.cache.status(appid);
    if (status === undefined) return undefined;
    const now = this.clock.now();
    const { name } = status.app;
    const ticket = kind === 'ticket_failing' ? failingTicket(status, now) : undefined;
    const of = ticket === undefined ? 'token' : 'ticket';
    const { error, remainingMs } = lookOf((ticket ?? status).state, now);
    const cause = error === undefined ? undefined : causeOf(error, of);
    return { appid, name, error, cause, remainingMs, ticket: ticket?.type };
  }
}

/** No token ends where there is to be none. */
function tokenLookOf({ app, state }: AppStatus, now: number): CredentialLook {
  const look = lookOf(state, now);
  return app.loginOnly === true ? { ...look, remainingMs: Number.POSITIVE_INFINITY } : look;
}

function lookOf({ failures, lastError, held }: CredentialState, now: number): CredentialLook {
  return {
    failures,
    error: lastError?.error,
    remainingMs: held === undefined ? 0 : Math.max(0, held.expiresAt - now),
  };
}

function failingTicket({ tickets }: AppStatus, now: number): AppStatus['tickets'][number] | undefined {
  return tickets.find(({ resting, state }) => !resting && isTicketFailing(lookOf(state, now)));
}
