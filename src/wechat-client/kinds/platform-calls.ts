import type { AppSettings } from '../../core/app.js';
import type { Secret } from '../../core/secret.js';
import type { KindCall, KindCalls } from './kind-calls.js';
import { WECHAT_CALLS } from './wechat-calls.js';

/**
 * A call to /cgi-bin/component with the platform's own token. The query has it under the name that all SDKs use; pages of
 * today say `access_token`, and WeChat takes both.
 */
export function componentCall(
  api: string,
  token: Secret,
  body: Readonly<Record<string, unknown>>,
  ...secrets: Secret[]
): KindCall {
  const component_access_token = token.reveal();
  return {
    path: `/cgi-bin/component/${api}`,
    query: { component_access_token },
    body,
    secrets: [component_access_token, ...secrets.map((secret) => secret.reveal())],
  };
}

/** Page "ComponentAccessToken". */
export const PLATFORM_CALLS: KindCalls = {
  token({ appid, secret }, _force, proof) {
    if (proof?.kind !== 'ticket') throw new Error('a platform asks with its ticket');
    const component_appsecret = secret.reveal();
    const component_verify_ticket = proof.ticket.reveal();
    return {
      path: '/cgi-bin/component/api_component_token',
      body: { component_appid: appid, component_appsecret, component_verify_ticket },
      secrets: [component_appsecret, component_verify_ticket],
    };
  },
  ticket() {
    throw new Error('a platform has no tickets of its own');
  },
  probe({ appid }, token) {
    return componentCall('api_get_authorizer_list', token, { component_appid: appid, offset: 0, count: 1 });
  },
};

/** Page "AuthorizerAccessToken"; with that token an authorizer is an app like any other. */
export const AUTHORIZER_CALLS: KindCalls = {
  ...WECHAT_CALLS,
  token(app, _force, proof) {
    if (proof?.kind !== 'authorisation') throw new Error('an authorizer asks with its authorisation');
    const { componentToken, refreshToken } = proof;
    const body = {
      component_appid: platformOf(app),
      authorizer_appid: app.appid,
      authorizer_refresh_token: refreshToken.reveal(),
    };
    return componentCall('api_authorizer_token', componentToken, body, refreshToken);
  },
};

function platformOf({ platform }: AppSettings): string {
  if (platform === undefined) throw new Error('an authorizer has a platform');
  return platform;
}
