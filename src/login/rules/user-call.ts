/** The calls with what a user's login brought. They carry nothing of the hub's. */
export type UserCall = 'oauth2/refresh_token' | 'userinfo' | 'auth';

/** What each of them takes, and is sent; anything else in the query is left out. */
export const USER_CALL_PARAMETERS: Readonly<Record<UserCall, readonly string[]>> = {
  'oauth2/refresh_token': ['appid', 'grant_type', 'refresh_token'],
  userinfo: ['access_token', 'openid', 'lang'],
  auth: ['access_token', 'openid'],
};

/** The parameters to send, in WeChat's order. */
export function userCallParameters(
  call: UserCall,
  parameters: Readonly<Record<string, unknown>>,
): readonly (readonly [string, string])[] {
  return USER_CALL_PARAMETERS[call].flatMap((name) => {
    const value = parameters[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
}
