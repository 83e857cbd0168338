import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { describeReload } from '../events/describe-reload.js';
import { isObject } from '../core/json.js';
import { ownWords } from '../core/upstream.js';
import type { Actor } from '../events/actor.js';
import { HubEvents, type AdminActed } from '../events/hub-events.js';
import { notGranted } from '../web/denial.js';
import { HubException } from '../web/hub-exception.js';
import { FailingRefresh } from '../token-cache/failing-refresh.js';
import { TokenCache, type AppStatus } from '../token-cache/token-cache.service.js';
import type { FailingRefreshAnswer, RefreshAnswer, ReloadAnswer } from './admin.openapi.js';
import { describeStatus } from './app-status.js';

/**
 * What administrators can do, by `/admin` and by the console alike; each act is told to the hub's events. The actor is a
 * client that was found to have `admin`, of the app where the act concerns one.
 */
@Injectable()
export class AdminActs {
  constructor(
    private readonly config: AppsConfig,
    private readonly cache: TokenCache,
    private readonly failing: FailingRefresh,
    private readonly clock: Clock,
    private readonly events: HubEvents,
  ) {}

  /**
   * @param tenant whose client the actor is: its file alone is read, and of its own alone is told
   * @throws {HubException} `HUB_CONFIG_INVALID` with all problems. Of one file nothing has changed then; of a folder, what
   * the files without problems brought is told as well.
   */
  async reload(actor: Actor, tenant: string | undefined): Promise<ReloadAnswer> {
    const outcome = await this.config.reload('admin', tenant);
    const detail = describeReload(outcome);
    this.#tell(actor, { act: 'reload', appid: undefined, outcome: outcome.ok ? 'ok' : 'refused', detail });
    if (!outcome.ok) {
      const { problems, brought } = outcome;
      const text =
        brought === undefined
          ? `The file has ${problems.length} problem(s); the running configuration stays.`
          : `${problems.length} problem(s); their files go on as they were, the others hold as they are now.`;
      throw new HubException('HUB_CONFIG_INVALID', text, {
        members: { problems, ...(brought === undefined ? {} : countsOf(brought)) },
      });
    }
    const { warnings } = outcome;
    return {
      ...countsOf(outcome),
      ...(warnings.length === 0 ? {} : { warnings: [...warnings] }),
    };
  }

  /** @throws {HubException} where it is too early, WeChat refuses, or the app is gone. */
  async refresh(actor: Actor, appid: string, force: boolean): Promise<RefreshAnswer> {
    const asked = await this.cache.requestRefresh(appid, force);
    if (asked === undefined) throw notGranted();
    const act = force ? 'force_refresh' : 'refresh';
    if (!asked.accepted) {
      const retryAfterSeconds = Math.max(1, Math.ceil(asked.retryAfterMs / 1000));
      this.#tell(actor, { act, appid, outcome: 'too_early' });
      throw new HubException('HUB_RATE_LIMITED', `Too early; again in ${retryAfterSeconds} s.`, {
        retryAfterSeconds,
      });
    }
    const ended = await asked.ended;
    // Whoever has mended the app expects its tickets to follow, not in up to ten minutes.
    if (ended?.outcome !== 'failed') void this.failing.tryTickets(appid);
    this.#tell(actor, {
      act,
      appid,
      outcome: ended?.outcome ?? 'not_tried',
      errcode: ended?.error?.errcode,
    });
    if (ended?.outcome === 'failed') throw this.#refused(appid, ended.error);
    return this.refreshedAnswer(appid);
  }

  /**
   * Has all that fail tried, spread as at a start; answers at once.
   * @param sees which apps the actor is granted
   */
  refreshFailing(
    actor: Actor,
    sees: (appid: string) => boolean,
    reason: string | undefined,
  ): FailingRefreshAnswer {
    const refreshing = this.failing.begin(sees, reason);
    const detail = `${refreshing.length} failing apps${reason === undefined ? '' : ` (${reason})`}`;
    this.#tell(actor, { act: 'refresh', appid: undefined, outcome: 'begun', detail });
    return { refreshing };
  }

  /** @throws {HubException} where there is no such app any more. */
  statusOf(appid: string): AppStatus {
    const status = this.cache.status(appid);
    // The guard has just found it in the configuration: removed by a reload in between.
    if (status === undefined) throw notGranted();
    return status;
  }

  /** What is held now. @throws {HubException} where nothing is. */
  refreshedAnswer(appid: string): RefreshAnswer {
    const reading = this.cache.read(appid);
    const status = describeStatus(this.statusOf(appid), this.clock);
    if (reading?.kind !== 'held') throw this.#refused(appid, undefined);
    return { ...status, version: reading.held.version, expires_in: reading.expiresInSeconds };
  }

  #refused(appid: string, upstream: HubException['details']['upstream']): HubException {
    const why = upstream === undefined ? 'no attempt could be made' : ownWords(upstream);
    const reading = this.cache.read(appid);
    if (reading?.kind === 'held') {
      return new HubException('HUB_UPSTREAM_FAILED', `The token that is held stays in use: ${why}`, {
        upstream,
      });
    }
    return new HubException('HUB_TOKEN_UNAVAILABLE', `The hub holds no valid token of this app: ${why}`, {
      upstream,
      retryAfterSeconds: reading?.kind === 'unavailable' ? reading.retryAfterSeconds : 1,
    });
  }

  #tell(actor: Actor, act: Omit<AdminActed, keyof Actor>): void {
    this.events.emit('adminActed', { ...act, ...actor });
  }
}

type Counts = Pick<ReloadAnswer, 'added' | 'changed' | 'removed' | 'unchanged'>;

function countsOf({ added, changed, removed, unchanged }: Counts): Counts {
  return { added, changed, removed, unchanged };
}

/**
 * @returns the reason that the body names, if any
 * @throws {HubException} where the body is not `{"failing": true}`, with a `reason` or without.
 */
export function failingOf(body: unknown): string | undefined {
  const { failing, reason, ...rest } = isObject(body) ? body : {};
  const isReason = reason === undefined || (typeof reason === 'string' && /^[\w-]{1,32}$/.test(reason));
  if (failing !== true || !isReason || Object.keys(rest).length > 0) {
    throw new HubException(
      'HUB_BAD_REQUEST',
      'The body is {"failing": true}, or {"failing": true, "reason": "40164"} for those that fail for one reason.',
    );
  }
  return reason;
}

/** @throws {HubException} where the body is not `{"force": true}`, `{"force": false}` or nothing. */
export function forceOf(body: unknown): boolean {
  if (body === undefined || body === null) return false;
  const force = isObject(body) ? body.force : undefined;
  const known = isObject(body) && Object.keys(body).every((key) => key === 'force');
  if (!known || (force !== undefined && typeof force !== 'boolean')) {
    throw new HubException('HUB_BAD_REQUEST', 'The body is {"force": true} or {"force": false}, or empty.');
  }
  return force ?? false;
}
