/** How often an app may call. Pages "getAccessToken", "getStableAccessToken"; all configurable in the simulator. */
export interface Quotas {
  /** `GET /cgi-bin/token` a day. 2000 in the docs, 10,000 seen. */
  readonly tokenPerDay: number;
  readonly stablePerMinute: number;
  readonly stablePerDay: number;
  /** `force_refresh: true` that did refresh, a day. Reported by the community. */
  readonly forcedPerDay: number;
  /** `getticket` a day. "Very limited", says the JS-SDK page, without a number. */
  readonly ticketPerDay: number;
}

export const DEFAULT_QUOTAS: Quotas = {
  tokenPerDay: 2000,
  stablePerMinute: 10_000,
  stablePerDay: 500_000,
  forcedPerDay: 20,
  ticketPerDay: 1_000_000,
};

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** WeChat's day turns at midnight in China, which has no daylight saving time. */
const CHINA_OFFSET_MS = 8 * 60 * MINUTE_MS;

/** The number of the day (UTC+8) that an epoch time lies in. */
export function dayOf(now: number): number {
  return Math.floor((now + CHINA_OFFSET_MS) / DAY_MS);
}

export function minuteOf(now: number): number {
  return Math.floor(now / MINUTE_MS);
}

/** The number of the month (UTC+8) that an epoch time lies in. */
export function monthOf(now: number): number {
  const date = new Date(now + CHINA_OFFSET_MS);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** Counts calls within one window (a day, a minute) and begins anew with the next. */
export class WindowCounter {
  #window = Number.NaN;
  #used = 0;

  /** Takes one of `limit` in this window; false when none is left. */
  take(window: number, limit: number): boolean {
    if (window !== this.#window) {
      this.#window = window;
      this.#used = 0;
    }
    if (this.#used >= limit) return false;
    this.#used += 1;
    return true;
  }

  clear(): void {
    this.#used = 0;
  }
}
