import { tokenApiOf } from '../core/app.js';
import type { Clock } from '../clock/clock.js';
import type { CredentialState } from '../core/credential.js';
import type { AppStatus } from '../token-cache/token-cache.service.js';
import type { AppStatusAnswer, CredentialAnswer } from './admin.openapi.js';

/** An app's state as operators read it: wall-clock times, no token, no secret. */
export function describeStatus(status: AppStatus, clock: Clock): AppStatusAnswer {
  const { app, tickets } = status;
  return {
    appid: app.appid,
    ...(app.tenant === undefined ? {} : { tenant: app.tenant }),
    name: app.name ?? null,
    kind: app.kind,
    tokenApi: tokenApiOf(app),
    ...describeCredential(status, clock),
    forcedRefreshesLeft: status.forcedLeft ?? null,
    tickets: tickets.map((ticket) => ({ type: ticket.type, ...describeCredential(ticket, clock) })),
  };
}

type Credential = Pick<AppStatus, 'health' | 'refreshing' | 'state' | 'nextAttemptAt'>;

function describeCredential(
  { health, refreshing, state, nextAttemptAt }: Credential,
  clock: Clock,
): CredentialAnswer {
  const iso = (at: number | undefined): string | null => (at === undefined ? null : toWallTime(at, clock));
  return {
    state: health,
    refreshing,
    version: state.held?.version ?? null,
    expiresAt: iso(state.held?.expiresAt),
    nextRefreshAt: iso(nextAttemptAt),
    lastRefreshAt: iso(state.refreshedAt),
    lastError: describeError(state.lastError, clock),
  };
}

function describeError(lastError: CredentialState['lastError'], clock: Clock): CredentialAnswer['lastError'] {
  if (lastError === undefined) return null;
  const { at, error } = lastError;
  return {
    at: toWallTime(at, clock),
    errcode: error.errcode ?? null,
    errmsg: error.errmsg,
    hint: error.hint,
  };
}

/** A time on the hub's clock, as the wall clock of this moment would show it. */
function toWallTime(at: number, clock: Clock): string {
  return new Date(clock.wallNow() + (at - clock.now())).toISOString();
}
