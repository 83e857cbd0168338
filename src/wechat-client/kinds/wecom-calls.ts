import type { KindCall, KindCalls } from './kind-calls.js';

/** WeCom: path/91039 (gettoken), path/90506 (both tickets), path/90238 (getcallbackip). All GET. */
export const WECOM_CALLS: KindCalls = {
  token({ corpid = '', secret: wrapped }) {
    const corpsecret = wrapped.reveal();
    return { path: '/cgi-bin/gettoken', query: { corpid, corpsecret }, secrets: [corpsecret] };
  },
  ticket(type, token): KindCall {
    const access_token = token.reveal();
    const secrets = [access_token];
    if (type !== 'agent_config')
      return { path: '/cgi-bin/get_jsapi_ticket', query: { access_token }, secrets };
    return { path: '/cgi-bin/ticket/get', query: { access_token, type }, secrets };
  },
  probe(_app, token) {
    const access_token = token.reveal();
    return { path: '/cgi-bin/getcallbackip', query: { access_token }, secrets: [access_token] };
  },
};
