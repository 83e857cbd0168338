import type { SnsError } from './ask.js';
import type { LoginFailure } from './outcome.js';

/**
 * What SDKs take for a dead token of the app's: they fetch another and repeat the login, some of them without end. A
 * login is never refused with one of these.
 */
const REPEATED_WITHOUT_END: ReadonlySet<number> = new Set([40001, 40014, 42001]);
/** To a caller whose `secret` is a hub key it would say that the hub key is wrong. */
const ACCUSES_THE_KEY = 40125;

/**
 * A login that brought nothing, in WeChat's shape.
 *
 * - The code or the user: as WeChat said it.
 * - The app: with WeChat's code, but for those that would be taken for something else, which are 40013.
 * - `lost` is 40029 and never -1: an SDK sends the same code six times more on -1, and the code may be used up.
 */
export function snsErrorOf({ kind, error }: LoginFailure): SnsError {
  const { errcode = -1, errmsg, hint } = error;
  switch (kind) {
    case 'refused':
      return { errcode, errmsg };
    case 'app_refused':
      return appRefused(errcode, errmsg);
    case 'busy':
      return { errcode: -1, errmsg };
    case 'unreached':
      return {
        errcode: -1,
        errmsg: `system error: the hub could not reach WeChat, which has not seen the code: ${errmsg}; ${hint}`,
      };
    case 'lost':
      return {
        errcode: 40029,
        errmsg: `invalid code: WeChat's answer was lost and the code may be used up, so the user logs in again: ${errmsg}`,
      };
  }
}

function appRefused(errcode: number, errmsg: string): SnsError {
  const why = 'WeChat refuses this app at the hub, the hub key is good; its operators are told';
  if (errcode === ACCUSES_THE_KEY || REPEATED_WITHOUT_END.has(errcode)) {
    return { errcode: 40013, errmsg: `invalid appid: ${why}. WeChat said ${errcode} ${errmsg}` };
  }
  return { errcode, errmsg: `${errmsg}: ${why}` };
}
