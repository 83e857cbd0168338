import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { isValid } from '../core/credential.js';
import { TARGET_TYPES } from '../notices/notice.js';
import { HubEvents, LOGS, NOTICE_RESULTS } from '../events/hub-events.js';
import { CacheStats, type CredentialStats } from '../token-cache/cache-stats.js';
import { AppLabels } from './app-labels.js';
import { APP_GAUGES, type AppGauge } from './app-gauges.js';
import { ConfigMetrics } from './config-metrics.js';
import { GatewayMetrics } from './gateway-metrics.js';
import { LoginMetrics } from './login-metrics.js';
import { RefreshMetrics } from './refresh-metrics.js';
import { PlatformMetrics } from './platform-metrics.js';
import { StateMetrics } from './state-metrics.js';
import { StoreMetrics } from './store-metrics.js';
import { Counter, everyLabel, head, labelsOf, sample } from './text-format.js';

/** Apps whose lines are written before requests get a turn: some ms of work. */
const APPS_PER_TURN = 500;

/** Everything but requests and the process, put together: the lines of all apps, and what is counted elsewhere. */
@Injectable()
export class HubMetrics {
  readonly #denials = new Counter(
    'wxhub_denials_total',
    'Requests denied, by reason and, where it is known, client.',
  );
  readonly #gateway = new GatewayMetrics();
  readonly #logins = new LoginMetrics();
  readonly #unserved = new Counter(
    'wxhub_dropin_unavailable_total',
    'Drop-in requests answered with errcode -1, as the hub had nothing valid.',
    everyLabel({ what: ['token', 'ticket'] }),
  );
  readonly #notices = new Counter(
    'wxhub_notices_total',
    'Messages to robots and webhooks, by what became of them.',
    everyLabel({ type: TARGET_TYPES, result: NOTICE_RESULTS }),
  );
  readonly #troubles = new Counter(
    'wxhub_troubles_total',
    'Faults that nobody waits for; each has a log line `trouble`.',
  );

  readonly #linesLost = new Counter(
    'wxhub_log_lines_lost_total',
    'Log lines that could not be written and no longer fitted into memory.',
    everyLabel({ log: LOGS }),
  );

  constructor(
    events: HubEvents,
    private readonly stats: CacheStats,
    private readonly clock: Clock,
    private readonly refreshes: RefreshMetrics,
    private readonly store: StoreMetrics,
    private readonly state: StateMetrics,
    private readonly config: ConfigMetrics,
    private readonly labels: AppLabels,
    private readonly platforms: PlatformMetrics,
  ) {
    events.on('gatewayCalled', (event) => {
      this.#gateway.record(event);
    });
    events.on('loginEnded', (event) => {
      this.#logins.record(event, this.labels.of(event.appid));
    });
    events.on('requestDenied', ({ reason, clientId }) => {
      this.#denials.add(labelsOf({ reason, client: clientId ?? '' }));
    });
    events.on('dropInUnserved', ({ what }) => {
      this.#unserved.add(`what="${what}"`);
    });
    events.on('noticeEnded', ({ type, result }) => {
      this.#notices.add(`type="${type}",result="${result}"`);
    });
    events.on('linesLost', ({ log, lines }) => {
      this.#linesLost.add(`log="${log}"`, lines);
    });
    events.on('troubleSeen', ({ where }) => {
      this.#troubles.add(labelsOf({ where }));
    });
  }

  /** The text format, in chunks; between chunks requests get their turn. */
  async *text(): AsyncGenerator<string> {
    for (const part of [
      this.config,
      this.refreshes,
      this.store,
      this.state,
      this.platforms,
      this.#gateway,
      this.#logins,
    ]) {
      yield [...part.lines()].join('');
    }
    for (const counter of [this.#denials, this.#unserved, this.#notices, this.#troubles, this.#linesLost]) {
      yield [...counter.lines()].join('');
    }
    const appids = [...this.stats.appids()];
    for (const gauge of APP_GAUGES) {
      yield head(gauge.name, 'gauge', gauge.help);
      yield* inTurns(appids, (some) => this.#gaugeLines(gauge, some));
    }
    yield head('wxhub_ticket_valid', 'gauge', 'As wxhub_token_valid, of tickets that are kept.');
    yield* inTurns(appids, (some) => this.#ticketLines(some));
    yield head('wxhub_refresh_failing', 'gauge', '1 while attempts fail, with what the last one was told.');
    yield* inTurns(appids, (some) => this.#failingLines(some));
    const unexpected = 'wxhub_unexpected_rotations_total';
    yield head(unexpected, 'counter', 'Tokens that ended before their time by nobody the hub knows of.');
    yield* inTurns(appids, (some) =>
      some
        .map((appid) => sample(unexpected, this.labels.of(appid), this.refreshes.unexpectedRotations(appid)))
        .join(''),
    );
    yield* inTurns([...this.refreshes.attempts.lines()], (some) => some.join(''));
  }

  #gaugeLines(gauge: AppGauge, appids: readonly string[]): string {
    const now = this.clock.now();
    const wallAhead = this.clock.wallNow() - now;
    let lines = '';
    for (const appid of appids) {
      const [token] = this.stats.of(appid);
      const value =
        token === undefined || token.loginOnly ? undefined : gauge.value({ token, now, wallAhead });
      if (value !== undefined) lines += sample(gauge.name, this.labels.of(appid), value);
    }
    return lines;
  }

  #ticketLines(appids: readonly string[]): string {
    const now = this.clock.now();
    return this.#credentialLines(appids, (appid, { slot, kind, resting, state }) =>
      slot === 'token' || resting
        ? ''
        : sample(
            'wxhub_ticket_valid',
            `${this.labels.of(appid)},kind="${kind}"`,
            isValid(state.held, now) ? 1 : 0,
          ),
    );
  }

  #failingLines(appids: readonly string[]): string {
    return this.#credentialLines(appids, (appid, { kind, resting, state: { failures, lastError } }) => {
      if (failures === 0 || lastError === undefined || resting) return '';
      const { class: cause, reason } = lastError.error;
      const labels = `${this.labels.of(appid)},kind="${kind}",class="${cause}",reason="${reason}"`;
      return sample('wxhub_refresh_failing', labels, 1);
    });
  }

  #credentialLines(
    appids: readonly string[],
    line: (appid: string, credential: CredentialStats) => string,
  ): string {
    let lines = '';
    for (const appid of appids) {
      for (const credential of this.stats.of(appid)) lines += line(appid, credential);
    }
    return lines;
  }
}

/** Some at a time, a turn of the event loop between. */
async function* inTurns<T>(all: readonly T[], text: (some: readonly T[]) => string): AsyncGenerator<string> {
  for (let from = 0; from < all.length; from += APPS_PER_TURN) {
    yield text(all.slice(from, from + APPS_PER_TURN));
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
