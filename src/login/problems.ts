import { notGranted } from '../web/denial.js';
import { HubException } from '../web/hub-exception.js';
import type { LoginAnswer } from './logins.service.js';
import type { LoginFailure } from './rules/outcome.js';

/** A person has to do something first; WeChat documents no time. Seconds. */
const APP_REFUSED_RETRY_S = 60;

/** A login that brought nothing, as an error of /v1 (CONTRACT, "Errors"). */
export function problemOfLogin(answer: Exclude<LoginAnswer, { kind: 'granted' }>): HubException {
  switch (answer.kind) {
    case 'too_many':
      return new HubException('HUB_RATE_LIMITED', 'Too many logins are under way; again in a second.', {
        retryAfterSeconds: 1,
      });
    case 'spent':
      return new HubException(
        'HUB_LOGIN_REFUSED',
        'This code has been sent to WeChat already, by another client or for another kind of login.',
      );
    case 'key_leaves':
      return new HubException(
        'HUB_BAD_REQUEST',
        'The code is a hub key, which was about to leave for WeChat. Nothing was sent; send the code of the user.',
      );
    case 'no_app':
      return notGranted();
    default:
      return failed(answer);
  }
}

function failed({ kind, error }: LoginFailure): HubException {
  const said = `${error.errcode === undefined ? '' : `${error.errcode} `}${error.errmsg}`;
  switch (kind) {
    case 'refused':
      return new HubException('HUB_LOGIN_REFUSED', `WeChat refuses the code or the user: ${said}`, {
        upstream: error,
      });
    case 'app_refused': {
      const waitMs = error.notBeforeMs ?? APP_REFUSED_RETRY_S * 1000;
      return new HubException(
        'HUB_LOGIN_UNAVAILABLE',
        `WeChat refuses the app, not the user: ${said}; ${error.hint}`,
        { upstream: error, retryAfterSeconds: Math.ceil(waitMs / 1000) },
      );
    }
    case 'busy':
    case 'lost':
      return new HubException(
        'HUB_UPSTREAM_FAILED',
        `The code may be used up, so the user logs in again: ${said}`,
        { upstream: error },
      );
    case 'unreached':
      return new HubException(
        'HUB_UPSTREAM_FAILED',
        `WeChat was not reached and has not seen the code: ${said}; ${error.hint}`,
        { upstream: error },
      );
  }
}
