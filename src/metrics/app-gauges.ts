import type { CredentialStats } from '../token-cache/cache-stats.js';

/** What is known of one app when it is scraped. Epoch ms on the hub's clock. */
export interface AppFacts {
  readonly token: CredentialStats;
  readonly now: number;
  /** What the wall clock is ahead of the hub's, ms. */
  readonly wallAhead: number;
}

export interface AppGauge {
  readonly name: string;
  readonly help: string;
  /** `undefined`: no sample for this app now. */
  readonly value: (facts: AppFacts) => number | undefined;
}

export const APP_GAUGES: readonly AppGauge[] = [
  {
    name: 'wxhub_token_valid',
    help: 'Whether the hub holds a valid token of the app (1) or not (0).',
    value: ({ token: { state }, now }) => (state.held !== undefined && now < state.held.expiresAt ? 1 : 0),
  },
  {
    name: 'wxhub_token_expires_in_seconds',
    help: 'How long the token that is held goes on living; 0 where there is none.',
    value: ({ token: { state }, now }) =>
      state.held === undefined ? 0 : Math.max(0, (state.held.expiresAt - now) / 1000),
  },
  {
    name: 'wxhub_token_age_seconds',
    help: 'Since the token that is held was first fetched.',
    value: ({ token: { state }, now }) =>
      state.held === undefined ? undefined : (now - state.held.issuedAt) / 1000,
  },
  {
    name: 'wxhub_token_version',
    help: 'Version of the token that is held.',
    value: ({ token: { state } }) => state.held?.version,
  },
  {
    name: 'wxhub_next_refresh_in_seconds',
    help: 'Until the next attempt; below 0: it is due or under way.',
    value: ({ token: { nextAttemptAt }, now }) =>
      nextAttemptAt === undefined ? undefined : (nextAttemptAt - now) / 1000,
  },
  {
    name: 'wxhub_last_refresh_timestamp_seconds',
    help: 'When the call was sent that last succeeded, of this or another replica, Unix time.',
    value: ({ token: { state }, wallAhead }) =>
      state.refreshedAt === undefined ? undefined : Math.round(state.refreshedAt + wallAhead) / 1000,
  },
  {
    name: 'wxhub_refresh_failures_in_a_row',
    help: 'Failed attempts since the last success.',
    value: ({ token: { state } }) => state.failures,
  },
];
