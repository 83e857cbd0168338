import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { HubEvents, type RefreshEnded } from '../events/hub-events.js';
import { TokenCache, type AppStatus } from '../token-cache/token-cache.service.js';
import { GatewayMetrics } from './gateway-metrics.js';
import { DurationHistogram } from './histogram.js';

interface AppGauge {
  readonly name: string;
  readonly help: string;
  /** `undefined`: no sample for this app now. */
  readonly value: (status: AppStatus, now: number) => number | undefined;
}

const APP_GAUGES: readonly AppGauge[] = [
  {
    name: 'wxhub_token_valid',
    help: 'Whether the hub holds a valid token of the app (1) or not (0).',
    value: ({ state }, now) => (state.held !== undefined && now < state.held.expiresAt ? 1 : 0),
  },
  {
    name: 'wxhub_token_expires_in_seconds',
    help: 'How long the token that is held goes on living; 0 where there is none.',
    value: ({ state }, now) =>
      state.held === undefined ? 0 : Math.max(0, (state.held.expiresAt - now) / 1000),
  },
  {
    name: 'wxhub_token_age_seconds',
    help: 'Since the token that is held was first fetched.',
    value: ({ state }, now) => (state.held === undefined ? undefined : (now - state.held.issuedAt) / 1000),
  },
  {
    name: 'wxhub_token_version',
    help: 'Version of the token that is held.',
    value: ({ state }) => state.held?.version,
  },
  {
    name: 'wxhub_next_refresh_in_seconds',
    help: 'Until the next attempt; below 0: it is due or under way.',
    value: ({ nextAttemptAt }, now) =>
      nextAttemptAt === undefined ? undefined : (nextAttemptAt - now) / 1000,
  },
  {
    name: 'wxhub_refresh_failures_in_a_row',
    help: 'Failed attempts since the last success.',
    value: ({ state }) => state.failures,
  },
];

/** Apps whose lines are written before requests get a turn: some ms of work. */
const APPS_PER_TURN = 500;

/** Metrics of tokens, refreshes, denials and reloads. */
@Injectable()
export class HubMetrics {
  readonly #refreshes = new Map<string, number>();
  readonly #refreshDurations = new Map<string, DurationHistogram>();
  readonly #denials = new Map<string, number>();
  readonly #reports = new Map<string, number>();
  readonly #reloads = new Map<string, number>();
  readonly #gateway = new GatewayMetrics();
  readonly #unreadable = new Map<string, number>();
  /** `undefined`: the memory store, or not known yet. */
  #storeUp: boolean | undefined;
  #lastReload: { readonly at: number; readonly ok: boolean } | undefined;

  constructor(
    events: HubEvents,
    private readonly cache: TokenCache,
    private readonly clock: Clock,
  ) {
    events.on('refreshEnded', (event) => {
      this.#countRefresh(event);
    });
    events.on('tokenReported', ({ outcome }) => {
      increment(this.#reports, `outcome="${outcome}"`);
    });
    events.on('gatewayCalled', (event) => {
      this.#gateway.record(event);
    });
    events.on('requestDenied', ({ reason }) => {
      increment(this.#denials, `reason="${reason}"`);
    });
    events.on('storeChanged', ({ available }) => {
      this.#storeUp = available;
    });
    events.on('storedUnreadable', ({ slot }) => {
      increment(this.#unreadable, `slot="${slot}"`);
    });
    events.on('configReloaded', ({ trigger, ok }) => {
      increment(this.#reloads, `trigger="${trigger}",result="${ok ? 'ok' : 'refused'}"`);
      this.#lastReload = { at: this.clock.wallNow(), ok };
    });
  }

  #countRefresh(event: RefreshEnded): void {
    const result = `result="${event.outcome}",reason="${event.error?.reason ?? 'none'}"`;
    increment(this.#refreshes, `appid="${event.appid}",kind="${event.kind}",${result}`);
    const key = `kind="${event.kind}",result="${event.outcome}"`;
    let durations = this.#refreshDurations.get(key);
    if (durations === undefined) this.#refreshDurations.set(key, (durations = new DurationHistogram()));
    durations.observe(event.durationMs / 1000);
  }

  /** The text format, in chunks; between chunks requests get their turn. */
  async *text(): AsyncGenerator<string> {
    yield [...this.#totals()].join('');
    const appids = [...this.cache.appids()];
    for (const gauge of APP_GAUGES) {
      yield `# HELP ${gauge.name} ${gauge.help}\n# TYPE ${gauge.name} gauge\n`;
      for (let from = 0; from < appids.length; from += APPS_PER_TURN) {
        yield this.#gaugeLines(gauge, appids.slice(from, from + APPS_PER_TURN));
        await nextTurn();
      }
    }
    yield* this.#counterLines('wxhub_refreshes_total', 'Attempts to get a token or ticket.', this.#refreshes);
  }

  *#totals(): Generator<string> {
    yield `# HELP wxhub_apps Apps that the configuration names.\n# TYPE wxhub_apps gauge\nwxhub_apps ${this.cache.appCount}\n`;
    yield '# HELP wxhub_refresh_duration_seconds Upstream calls for tokens and tickets.\n';
    yield '# TYPE wxhub_refresh_duration_seconds histogram\n';
    for (const [labels, durations] of this.#refreshDurations) {
      yield* durations.lines('wxhub_refresh_duration_seconds', labels);
    }
    yield* counter(
      'wxhub_token_reports_total',
      'Tokens that were said to be dead, by outcome.',
      this.#reports,
    );
    yield* this.#gateway.lines();
    yield* counter('wxhub_denials_total', 'Requests denied, by reason.', this.#denials);
    yield* counter('wxhub_config_reloads_total', 'Reloads of the configuration.', this.#reloads);
    if (this.#storeUp !== undefined) {
      yield '# HELP wxhub_store_up Whether Redis does what it is asked (1) or not (0).\n';
      yield `# TYPE wxhub_store_up gauge\nwxhub_store_up ${this.#storeUp ? 1 : 0}\n`;
    }
    yield* counter('wxhub_store_unreadable_total', 'Stored tokens that no key opens.', this.#unreadable);
    if (this.#lastReload !== undefined) {
      const { at, ok } = this.#lastReload;
      yield '# HELP wxhub_config_last_reload_successful Whether the last reload was accepted.\n';
      yield `# TYPE wxhub_config_last_reload_successful gauge\nwxhub_config_last_reload_successful ${ok ? 1 : 0}\n`;
      yield '# HELP wxhub_config_last_reload_timestamp_seconds When the last reload was tried, Unix time.\n';
      yield '# TYPE wxhub_config_last_reload_timestamp_seconds gauge\n';
      yield `wxhub_config_last_reload_timestamp_seconds ${at / 1000}\n`;
    }
  }

  #gaugeLines(gauge: AppGauge, appids: readonly string[]): string {
    const now = this.clock.now();
    let lines = '';
    for (const appid of appids) {
      const status = this.cache.status(appid);
      const value = status === undefined ? undefined : gauge.value(status, now);
      if (value !== undefined) lines += `${gauge.name}{appid="${appid}"} ${value}\n`;
    }
    return lines;
  }

  async *#counterLines(
    name: string,
    help: string,
    counts: ReadonlyMap<string, number>,
  ): AsyncGenerator<string> {
    const lines = [...counter(name, help, counts)];
    for (let from = 0; from < lines.length; from += APPS_PER_TURN) {
      yield lines.slice(from, from + APPS_PER_TURN).join('');
      await nextTurn();
    }
  }
}

function* counter(name: string, help: string, counts: ReadonlyMap<string, number>): Generator<string> {
  yield `# HELP ${name} ${help}\n# TYPE ${name} counter\n`;
  for (const [labels, count] of counts) yield `${name}{${labels}} ${count}\n`;
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
