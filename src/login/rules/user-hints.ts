/**
 * What to do where WeChat refuses one login: words for who wrote the backend. Those of the token endpoints
 * (core/wechat-error.ts) are for operators, and promise that the hub tries again, which it never does with a code.
 * Sources: rules/whose.ts.
 */
const USER_HINTS: Readonly<Record<number, string>> = {
  [-1]: 'WeChat is busy. The code may be used up, and the hub does not send it again: the user logs in again.',
  40029: 'The code is unknown, older than 5 minutes, or of another app: the user logs in again.',
  40163: 'The code has been used; one is good for one login. The user logs in again.',
  40226: 'WeChat holds the user for a risk and refuses the login.',
  42003: 'The code is too old: the user logs in again.',
  42007: 'The user has changed the password: the user logs in again.',
  45011: 'The user has logged in too often in this minute.',
};
const UNKNOWN = 'It concerns this login alone. Look the errcode up among those of the login endpoints.';

export function userHint(errcode: number): string {
  return USER_HINTS[errcode] ?? UNKNOWN;
}
