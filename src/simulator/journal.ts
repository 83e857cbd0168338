/** What a hub asks on its own account, to keep an app's credentials. */
const CREDENTIAL_ENDPOINTS = [
  'token',
  'stable_token',
  'getticket',
  'getcallbackip',
  'gettoken',
  'get_jsapi_ticket',
  'ticket_get',
  'component_token',
  'authorizer_token',
] as const;
/** `/sns/…`: somebody logs in. */
export const LOGIN_ENDPOINTS = [
  'jscode2session',
  'oauth_token',
  'oauth_refresh',
  'userinfo',
  'auth',
] as const;
export const ENDPOINTS = [
  ...CREDENTIAL_ENDPOINTS,
  ...LOGIN_ENDPOINTS,
  'quota_get',
  'quota_clear',
  'rid_get',
  'start_push_ticket',
  'preauthcode',
  'query_auth',
  'authorizer_list',
  'component_other',
  'business',
] as const;
/** `business`: every other path of the API. */
export type Endpoint = (typeof ENDPOINTS)[number];

/** One upstream call. */
export interface JournalEntry {
  /** Arrival, epoch ms of the simulated clock. */
  readonly at: number;
  readonly endpoint: Endpoint;
  /** The app that the caller claimed, or that the access_token stands for; empty where that is unknown. */
  readonly appid: string;
  /** Whether it was a `stable_token` call with `force_refresh: true`. */
  readonly forced: boolean;
  /** `pending`, then `ok`, `errcode:N`, `fault:KIND`, or `aborted` where the caller went away first. */
  readonly outcome: string;
}

export interface CallFilter {
  readonly endpoint?: Endpoint;
  readonly appid?: string;
}

/** The most calls under way at a time. */
export interface Concurrency {
  readonly all: number;
  /** What a hub asks on its own account, to keep the apps' credentials. */
  readonly credential: number;
}

/** A call under way. */
export interface JournalCall {
  /** Notes the outcome, once, and that the call is over. */
  end(outcome: string): void;
}

interface Tally {
  readonly calls: Record<Endpoint, number>;
  readonly underWay: { all: number; credential: number };
  readonly most: { all: number; credential: number };
}

/** What came in: counters that never end, and the last entries. */
export class Journal {
  readonly #now: () => number;
  readonly #capacity: number;
  readonly #waiting = new Set<() => void>();
  #entries: JournalEntry[] = [];
  #total = newTally();
  #perApp = new Map<string, Tally>();

  /** Keeps at least the last `capacity` entries, at most twice as many. */
  constructor(now: () => number, capacity: number) {
    this.#now = now;
    this.#capacity = capacity;
  }

  begin(endpoint: Endpoint, appid: string, forced: boolean): JournalCall {
    const entry = { at: this.#now(), endpoint, appid, forced, outcome: 'pending' };
    this.#entries.push(entry);
    if (this.#entries.length > this.#capacity * 2) this.#entries = this.#entries.slice(-this.#capacity);
    const tallies = [this.#total, this.#tallyOf(appid)];
    for (const tally of tallies) arrive(tally, endpoint);
    for (const check of [...this.#waiting]) check();
    return {
      end: (outcome) => {
        if (entry.outcome !== 'pending') return;
        entry.outcome = outcome;
        for (const tally of tallies) leave(tally, endpoint);
      },
    };
  }

  /** Calls so far that match. */
  calls(filter: CallFilter = {}): number {
    const tally = filter.appid === undefined ? this.#total : this.#perApp.get(filter.appid);
    if (tally === undefined) return 0;
    if (filter.endpoint !== undefined) return tally.calls[filter.endpoint];
    return Object.values(tally.calls).reduce((sum, count) => sum + count, 0);
  }

  /** In all, or of one app. */
  maxConcurrent(appid?: string): Concurrency {
    const tally = appid === undefined ? this.#total : this.#perApp.get(appid);
    return { ...(tally?.most ?? { all: 0, credential: 0 }) };
  }

  /** The remembered entries that match, oldest first. */
  entries(filter: CallFilter = {}): JournalEntry[] {
    const { endpoint, appid } = filter;
    return this.#entries
      .filter((entry) => endpoint === undefined || entry.endpoint === endpoint)
      .filter((entry) => appid === undefined || entry.appid === appid)
      .map((entry) => ({ ...entry }));
  }

  /** Resolves once at least `count` calls that match have arrived since the start or the last reset. */
  async waitForCalls(count: number, filter: CallFilter = {}): Promise<void> {
    if (this.calls(filter) >= count) return;
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (this.calls(filter) < count) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
    });
  }

  /** Forgets everything; calls under way are counted no more. */
  reset(): void {
    this.#entries = [];
    this.#total = newTally();
    this.#perApp = new Map();
  }

  #tallyOf(appid: string): Tally {
    let tally = this.#perApp.get(appid);
    if (tally === undefined) {
      tally = newTally();
      this.#perApp.set(appid, tally);
    }
    return tally;
  }
}

function newTally(): Tally {
  return {
    calls: Object.fromEntries(ENDPOINTS.map((name) => [name, 0])) as Record<Endpoint, number>,
    underWay: { all: 0, credential: 0 },
    most: { all: 0, credential: 0 },
  };
}

function arrive({ calls, underWay, most }: Tally, endpoint: Endpoint): void {
  calls[endpoint] += 1;
  underWay.all += 1;
  most.all = Math.max(most.all, underWay.all);
  if (!isCredential(endpoint)) return;
  underWay.credential += 1;
  most.credential = Math.max(most.credential, underWay.credential);
}

function leave({ underWay }: Tally, endpoint: Endpoint): void {
  underWay.all -= 1;
  if (isCredential(endpoint)) underWay.credential -= 1;
}

function isCredential(endpoint: Endpoint): boolean {
  return (CREDENTIAL_ENDPOINTS as readonly Endpoint[]).includes(endpoint);
}
