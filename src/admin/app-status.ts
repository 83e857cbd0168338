import type { Clock } from '../clock/clock.js';
import type { AppStatus } from '../token-cache/token-cache.service.js';
import type { AppStatusAnswer } from './admin.openapi.js';

/** An app's state as operators read it: wall-clock times, no token, no secret. */
export function describeStatus(status: AppStatus, clock: Clock): AppStatusAnswer {
  const { app, state } = status;
  const iso = (at: number | undefined): string | null => (at === undefined ? null : toWallTime(at, clock));
  return {
    appid: app.appid,
    name: app.name ?? null,
    tokenApi: app.tokenApi,
    state: status.health,
    refreshing: status.refreshing,
    version: state.held?.version ?? null,
    expiresAt: iso(state.held?.expiresAt),
    nextRefreshAt: iso(status.nextAttemptAt),
    lastRefreshAt: iso(state.refreshedAt),
    lastError:
      state.lastError === undefined
        ? null
        : {
            at: toWallTime(state.lastError.at, clock),
            errcode: state.lastError.error.errcode ?? null,
            errmsg: state.lastError.error.errmsg,
            hint: state.lastError.error.hint,
          },
    forcedRefreshesLeft: status.forcedLeft ?? null,
  };
}

/** A time on the hub's clock, as the wall clock of this moment would show it. */
function toWallTime(at: number, clock: Clock): string {
  return new Date(clock.wallNow() + (at - clock.now())).toISOString();
}
