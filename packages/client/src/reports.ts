import type { HubApi, ReportGrant } from './hub-api.js';
import type { ClientClock } from './clock.js';

/**
 * How long the hub's word that it keeps a token is taken as an answer to further dead-token answers of WeChat. The hub
 * asks WeChat at most once in 5 s itself. Milliseconds.
 */
const KEPT_FOR_MS = 5000;
/** A bound of memory: apps whose reports left the token as it was in the last seconds. */
const MOST_KEPT = 1000;

interface Kept {
  readonly until: number;
  readonly grant: ReportGrant;
}

/** Reports of dead tokens: one request at a time for the same token, however many callers find it dead. */
export class Reports {
  readonly #api: HubApi;
  readonly #clock: ClientClock;
  readonly #underWay = new Map<string, Promise<ReportGrant>>();
  readonly #kept = new Map<string, Kept>();

  constructor(api: HubApi, clock: ClientClock) {
    this.#api = api;
    this.#clock = clock;
  }

  report(appid: string, token: string, errcode: number | undefined): Promise<ReportGrant> {
    const id = `${appid} ${token}`;
    const running = this.#underWay.get(id);
    if (running !== undefined) return running;
    const report = this.#api.reject(appid, token, errcode).then((grant) => {
      if (grant.token === token) this.#keep(id, grant);
      return grant;
    });
    this.#underWay.set(id, report);
    const forget = (): void => {
      this.#underWay.delete(id);
    };
    report.then(forget, forget);
    return report;
  }

  /** As {@link report}, but asks no more while the hub has just said that it keeps the token. */
  reportUnlessKept(appid: string, token: string, errcode: number | undefined): Promise<ReportGrant> {
    const id = `${appid} ${token}`;
    const kept = this.#kept.get(id);
    if (kept !== undefined && this.#clock.now() < kept.until) return Promise.resolve(kept.grant);
    this.#kept.delete(id);
    return this.report(appid, token, errcode);
  }

  #keep(id: string, grant: ReportGrant): void {
    this.#kept.delete(id);
    this.#kept.set(id, { until: this.#clock.now() + KEPT_FOR_MS, grant });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }
}
