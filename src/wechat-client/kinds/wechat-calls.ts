import type { KindCalls } from './kind-calls.js';

/** Pages "getAccessToken", "getStableAccessToken", "getTicket", "getCallbackIp". */
export const WECHAT_CALLS: KindCalls = {
  token({ appid, secret: wrapped, tokenApi }, force) {
    const secret = wrapped.reveal();
    const credentials = { grant_type: 'client_credential', appid, secret };
    return tokenApi === 'token'
      ? { path: '/cgi-bin/token', query: credentials, secrets: [secret] }
      : {
          path: '/cgi-bin/stable_token',
          body: { ...credentials, force_refresh: force },
          secrets: [secret],
        };
  },
  ticket(type, token) {
    const access_token = token.reveal();
    return { path: '/cgi-bin/ticket/getticket', query: { access_token, type }, secrets: [access_token] };
  },
  probe(_app, token) {
    const access_token = token.reveal();
    return { path: '/cgi-bin/getcallbackip', query: { access_token }, secrets: [access_token] };
  },
};
