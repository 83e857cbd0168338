import type { AppRow, AuditRow, HubRow, LiveAnswer, ViewerRow } from '../../src/console/wire.js';
import { BUCKETS, countsAt } from '../../src/core/call-buckets.js';
import { fitsSearch } from './search.js';

export type State = AppRow['state'];
export const STATES: readonly State[] = ['unavailable', 'failing', 'valid'];

export type Sort = 'risk' | 'name' | 'life' | 'next';
export const SORTS: readonly Sort[] = ['risk', 'name', 'life', 'next'];

/** As many as the hub keeps. */
const KEPT_RECORDS = 500;

/** All that the hub has told. A new object after each answer; its map is the same one, changed. */
export interface Model {
  readonly apps: Map<string, AppRow>;
  /** Newest first. */
  readonly audit: readonly AuditRow[];
  readonly hub: HubRow;
  readonly viewer: ViewerRow;
  /** The hub's wall clock, less `performance.now()`. */
  readonly clockOffset: number;
  /** The clock by which calls are counted, less the hub's wall clock. */
  readonly callsOffset: number;
  /** Whether every app has been told of, after the beginning or a reset. */
  readonly complete: boolean;
}

/** @param receivedAt `performance.now()` */
export function updated(model: Model | undefined, answer: LiveAnswer, receivedAt: number): Model {
  const known = answer.reset ? undefined : model;
  const apps = known?.apps ?? new Map<string, AppRow>();
  for (const app of answer.apps) apps.set(app.appid, app);
  return {
    apps,
    audit: [...answer.audit, ...(known?.audit ?? [])].slice(0, KEPT_RECORDS),
    hub: answer.hub,
    viewer: answer.viewer,
    clockOffset: answer.now - receivedAt,
    callsOffset: answer.callsNow - answer.now,
    complete: !answer.more,
  };
}

/** The state at this moment: a token that ended since the hub last told is gone. */
export function stateOf({ state, life }: AppRow, now: number): State {
  return life === null || now >= life.expiresAt ? 'unavailable' : state;
}

/**
 * How soon somebody should look: without a token first, then those whose renewal fails. All others are alike, so that
 * a list sorted by this does not move while nothing is wrong. An attempt under way changes nothing.
 */
function riskOf({ life, failures }: AppRow, now: number): number {
  if (life === null || now >= life.expiresAt) return 0;
  return failures > 0 ? 1 : 2;
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byName = (a: AppRow, b: AppRow): number =>
  byText((a.name ?? a.appid).toLowerCase(), (b.name ?? b.appid).toLowerCase()) || byText(a.appid, b.appid);
const endOf = ({ life }: AppRow): number => life?.expiresAt ?? 0;

export function compare(sort: Sort, now: number): (a: AppRow, b: AppRow) => number {
  switch (sort) {
    case 'risk':
      return (a, b) => {
        const risk = riskOf(a, now);
        return risk - riskOf(b, now) || (risk === 1 ? endOf(a) - endOf(b) : 0) || byName(a, b);
      };
    case 'name':
      return byName;
    case 'life':
      return (a, b) => endOf(a) - endOf(b) || byName(a, b);
    case 'next':
      return (a, b) => (a.nextRefreshAt ?? Infinity) - (b.nextRefreshAt ?? Infinity) || byName(a, b);
  }
}

export interface Choice {
  readonly text: string;
  readonly state: State | 'all';
  readonly sort: Sort;
}

export function chosen(model: Model, { text, state, sort }: Choice, now: number): AppRow[] {
  const fits = (app: AppRow): boolean => {
    if (state !== 'all' && stateOf(app, now) !== state) return false;
    const errcode = app.failures > 0 ? (app.lastError?.errcode ?? '') : '';
    return fitsSearch(text, [app.name ?? '', app.appid, errcode, app.tokenApi]);
  };
  return [...model.apps.values()].filter(fits).sort(compare(sort, now));
}

export function countByState(model: Model, now: number): Readonly<Record<State, number>> {
  const counts = { valid: 0, failing: 0, unavailable: 0 };
  for (const app of model.apps.values()) counts[stateOf(app, now)] += 1;
  return counts;
}

export interface Calls {
  readonly calls: readonly number[];
  readonly failures: readonly number[];
}

export const NO_CALLS: Calls = countsAt({ last: 0, calls: '', failures: '' }, 0);

export function callsOf({ calls }: AppRow, model: Model, now: number): Calls {
  return calls === null ? NO_CALLS : countsAt(calls, now + model.callsOffset);
}

/** Of all apps together. */
export function allCalls(model: Model, now: number): Calls {
  const calls = new Array<number>(BUCKETS).fill(0);
  const failures = new Array<number>(BUCKETS).fill(0);
  for (const app of model.apps.values()) {
    if (app.calls === null) continue;
    const one = countsAt(app.calls, now + model.callsOffset);
    for (let index = 0; index < BUCKETS; index++) {
      calls[index] = (calls[index] ?? 0) + (one.calls[index] ?? 0);
      failures[index] = (failures[index] ?? 0) + (one.failures[index] ?? 0);
    }
  }
  return { calls, failures };
}

export function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
