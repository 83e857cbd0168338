/**
 * Whom WeChat refuses when it refuses a login. Decided on errcode alone: the wording varies.
 *
 * Sources, on developers.weixin.qq.com: [L] the error tables of code2Session and of web authorization, [G] the global
 * error codes, [P] a real answer seen.
 */
export type Whose =
  /** The code or the user: told to the caller as it is. The next user may log in. */
  | 'user'
  /** The app: nobody can log in until a person changes something. */
  | 'app'
  /** WeChat is busy. */
  | 'busy';

export const LOGIN_ERRCODES: Readonly<Record<number, Whose>> = {
  // [L] system busy
  [-1]: 'busy',
  // [L] invalid code: unknown, too old, or another app's
  40029: 'user',
  // [L] invalid refresh_token
  40030: 'user',
  // [P] code been used
  40163: 'user',
  // [L] a user of high risk is held
  40226: 'user',
  // [P] missing code
  41008: 'user',
  // [G] the refresh_token, the code is too old; the user changed the password
  42002: 'user',
  42003: 'user',
  42007: 'user',
  // [L] one user's calls in this minute; never the app's, other than on the token endpoints
  45011: 'user',
  // [G] the AppSecret is wrong, in WeChat's older words
  40001: 'app',
  // [L] invalid appid
  40013: 'app',
  // [G] codes about an app's access_token: there is none in a login, so this is no judgement of the user
  40014: 'app',
  42001: 'app',
  // [L] invalid appsecret
  40125: 'app',
  // [P] the hub's address is not on the app's whitelist
  40164: 'app',
  // [L] the AppSecret is frozen
  40243: 'app',
  // What the hub sends did not arrive as it was sent
  40002: 'app',
  41002: 'app',
  41004: 'app',
  43001: 'app',
  // [G] the day's quota of the endpoint
  45009: 'app',
  // [G] forbidden for irregularities; limited; may not use this; frozen
  48004: 'app',
  50002: 'app',
  50004: 'app',
  50007: 'app',
  // [G] managed by a third-party platform
  61024: 'app',
  // [G] an administrator has to consent to the address, or has refused
  89501: 'app',
  89503: 'app',
  89506: 'app',
  89507: 'app',
};

/** An errcode that nobody knows here is the caller's to read: it says nothing about others. */
export function whose(errcode: number): Whose {
  return LOGIN_ERRCODES[errcode] ?? 'user';
}
