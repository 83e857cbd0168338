import { Injectable } from '@nestjs/common';
import { HubEvents, type RefreshEnded } from '../events/hub-events.js';
import { CacheStats } from '../token-cache/cache-stats.js';
import { AppLabels } from './app-labels.js';
import { Counter, Durations, everyLabel, single } from './text-format.js';
import { endsTheOneBefore } from '../core/kinds/token-families.js';

/** WeChat documents some hundred errcodes; an upstream that makes up more must not make up time series. */
const MOST_REASONS = 200;

/** Where tokens and tickets come from, and how the way to WeChat is used. */
@Injectable()
export class RefreshMetrics {
  readonly attempts = new Counter('wxhub_refreshes_total', 'Attempts to get a token or ticket.');
  readonly #durations = new Durations(
    'wxhub_refresh_duration_seconds',
    'Upstream calls for tokens and tickets.',
  );
  readonly #sources = new Counter(
    'wxhub_new_credentials_total',
    'Tokens and tickets that this replica began to serve: got from WeChat itself, or from the store.',
  );
  readonly #forced = new Counter(
    'wxhub_forced_refreshes_total',
    "WeChat's force_refresh, sent by the hub.",
    everyLabel({ result: ['issued', 'confirmed', 'failed'] }),
  );
  readonly #reports = new Counter(
    'wxhub_token_reports_total',
    'Tokens that were said to be dead, by outcome.',
    everyLabel({ outcome: ['superseded', 'refreshed', 'confirmed', 'throttled', 'unavailable'] }),
  );
  readonly #reasons = new Set<string>();
  /** Per app; see {@link unexpectedRotations}. */
  readonly #unexpected = new Map<string, number>();

  constructor(
    events: HubEvents,
    private readonly stats: CacheStats,
    private readonly labels: AppLabels,
  ) {
    events.on('refreshEnded', (event) => {
      this.#count(event);
    });
    events.on('credentialTaken', ({ kind }) => {
      this.#sources.add(`kind="${kind}",source="store"`);
    });
    events.on('tokenReported', ({ outcome }) => {
      this.#reports.add(`outcome="${outcome}"`);
    });
    events.on('rotatedEarly', ({ appid }) => {
      this.#unexpectedOf(appid);
    });
  }

  /**
   * Of the app: tokens that ended before their time by nobody's doing here. `stable_token`: WeChat gave another one
   * before the handover, unforced. `token`: one that was reported dead had to be replaced; each mint kills the one
   * before, so that is how another server that mints shows.
   */
  unexpectedRotations(appid: string): number {
    return this.#unexpected.get(appid) ?? 0;
  }

  #unexpectedOf(appid: string): void {
    this.#unexpected.set(appid, this.unexpectedRotations(appid) + 1);
  }

  #count(event: RefreshEnded): void {
    const { appid, kind, outcome, trigger, forced, durationMs, error } = event;
    if (trigger === 'seed') {
      // WeChat was not asked.
      if (outcome === 'issued') this.#sources.add(`kind="${kind}",source="seed"`);
      return;
    }
    const reason = this.#reasonOf(error?.reason ?? 'none');
    this.attempts.add(`${this.labels.of(appid)},kind="${kind}",result="${outcome}",reason="${reason}"`);
    this.#durations.observe(`kind="${kind}",result="${outcome}"`, durationMs / 1000);
    if (forced) this.#forced.add(`result="${outcome}"`);
    if (outcome !== 'issued') return;
    this.#sources.add(`kind="${kind}",source="wechat"`);
    if (endsTheOneBefore(kind) && trigger === 'report') this.#unexpectedOf(appid);
  }

  #reasonOf(reason: string): string {
    if (this.#reasons.size < MOST_REASONS) this.#reasons.add(reason);
    return this.#reasons.has(reason) ? reason : 'other';
  }

  /** Without {@link attempts} and what is told per app: those are many lines. */
  *lines(): Generator<string> {
    const { underWay, queued } = this.stats.upstream;
    yield single(
      'wxhub_refreshes_under_way',
      'Attempts to get a token or ticket that have a place upstream.',
      underWay,
    );
    yield single('wxhub_refreshes_queued', 'Attempts that wait for a place upstream.', queued);
    yield* this.#durations.lines();
    yield* this.#sources.lines();
    yield* this.#forced.lines();
    yield* this.#reports.lines();
  }
}
