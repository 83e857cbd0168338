import type {
  AppRow,
  AuditRow,
  ErrorRow,
  HubRow,
  LiveAnswer,
  TicketRow,
  ViewerRow,
} from '../../src/console/wire.js';
import { BUCKETS, countsAt } from '../../src/core/call-buckets.js';
import { fitsSearch } from './search.js';

/** `ticket`: the token is well, and a ticket that is kept is not. */
export type State = AppRow['state'] | 'ticket';
export const STATES: readonly State[] = ['unavailable', 'failing', 'ticket', 'valid'];

/** `troubled`: all that are not valid. */
export type StateChoice = State | 'all' | 'troubled';

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
export function stateOf(app: AppRow, now: number): State {
  const { state, life } = app;
  // It only logs users in: there is no token to miss.
  if (app.tokenApi === 'none') return state;
  if (life === null || now >= life.expiresAt) return 'unavailable';
  return state === 'valid' && missedTicket(app) !== undefined ? 'ticket' : state;
}

/** A ticket that is kept and fails; one that rests is missed by nobody. */
export function missedTicket({ tickets }: AppRow): TicketRow | undefined {
  return tickets.find(
    ({ state, nextRefreshAt, failures }) => state !== 'valid' && nextRefreshAt !== null && failures > 0,
  );
}

/** Why the app is not well, if it is not. */
export function errorOf(app: AppRow, now: number): ErrorRow | null {
  const state = stateOf(app, now);
  if (state === 'ticket') return missedTicket(app)?.lastError ?? null;
  return app.failures > 0 || state === 'unavailable' ? app.lastError : null;
}

/** So many apps with one cause are a mass incident: one row for all of them. */
export const MASS = 4;

export interface CauseGroup {
  readonly key: string;
  readonly error: ErrorRow;
  readonly apps: readonly AppRow[];
}

/** Two errors of one key have one cause and one remedy. */
export function causeKey({ cause, errcode, addresses }: ErrorRow): string {
  return [cause, errcode, ...addresses].join(' ');
}

/** Causes that many apps have, those of most first. Two addresses are two causes: each has a remedy of its own. */
export function massCauses(model: Model, now: number): CauseGroup[] {
  const groups = new Map<string, { error: ErrorRow; apps: AppRow[] }>();
  for (const app of model.apps.values()) {
    const error = errorOf(app, now);
    if (error === null) continue;
    const key = causeKey(error);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { error, apps: [app] });
    else group.apps.push(app);
  }
  return [...groups]
    .filter(([, { apps }]) => apps.length >= MASS)
    .map(([key, group]) => ({ key, ...group }))
    .sort((a, b) => b.apps.length - a.apps.length);
}

/**
 * How soon somebody should look: without a token first, then those whose renewal fails. All others are alike, so that
 * a list sorted by this does not move while nothing is wrong. An attempt under way changes nothing.
 */
function riskOf(app: AppRow, now: number): number {
  if (app.tokenApi === 'none') return app.state === 'unavailable' ? 0 : 3;
  if (app.life === null || now >= app.life.expiresAt) return 0;
  if (app.failures > 0) return 1;
  return missedTicket(app) === undefined ? 3 : 2;
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
  readonly state: StateChoice;
  /** Empty: all. */
  readonly tenant: string;
  readonly sort: Sort;
}

/** Whose apps are seen, in the order of their names; with one file in place of a folder, nobody's. */
export function tenantsOf({ apps }: Model): string[] {
  return [...new Set([...apps.values()].flatMap(({ tenant }) => tenant ?? []))].sort(byText);
}

/** What is seen of one tenant; empty: of all. */
export function ofTenant(model: Model, tenant: string): Model {
  if (tenant === '') return model;
  return { ...model, apps: new Map([...model.apps].filter(([, app]) => app.tenant === tenant)) };
}

export function chosen(model: Model, { text, state, sort }: Omit<Choice, 'tenant'>, now: number): AppRow[] {
  const fits = (app: AppRow): boolean => {
    const own = stateOf(app, now);
    if (state === 'troubled' ? own === 'valid' : state !== 'all' && own !== state) return false;
    const errcode = errorOf(app, now)?.errcode ?? '';
    return fitsSearch(text, [app.name ?? '', app.appid, app.tenant ?? '', errcode, app.kind, app.tokenApi]);
  };
  return [...model.apps.values()].filter(fits).sort(compare(sort, now));
}

export function countByState(model: Model, now: number): Readonly<Record<State, number>> {
  const counts = { valid: 0, ticket: 0, failing: 0, unavailable: 0 };
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
