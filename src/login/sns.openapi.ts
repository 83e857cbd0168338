import { inQuery, jsonAnswer, WECHAT_ERROR_SCHEMA, type OpenApiPaths } from '../web/openapi-paths.js';
import { OauthAnswer, SessionAnswer } from './login.openapi.js';

const TEXT = { type: 'string' } as const;
const KEY = 'The client’s hub key, never the AppSecret.';
const GRANT = { type: 'string', const: 'authorization_code' } as const;
const SESSION = { $ref: `#/components/schemas/${SessionAnswer.name}` } as const;
const OAUTH = { $ref: `#/components/schemas/${OauthAnswer.name}` } as const;
/** What WeChat says, as it says it. */
const ANYTHING = { type: 'object' } as const;

const appid = inQuery('appid', TEXT);
const secret = inQuery('secret', TEXT, KEY);
const userToken = inQuery('access_token', TEXT, 'The user’s, from a login.');
const openid = inQuery('openid', TEXT);

function get(operationId: string, summary: string, parameters: readonly object[], granted: object) {
  return {
    get: {
      tags: ['drop-in'],
      security: [],
      operationId,
      summary,
      parameters,
      responses: { '200': jsonAnswer('As WeChat’s, or an error', { anyOf: [granted, WECHAT_ERROR_SCHEMA] }) },
    },
  };
}

/** WeChat's login endpoints, as the hub answers them. HTTP status 200 throughout. */
export const SNS_PATHS: OpenApiPaths = {
  '/sns/jscode2session': get(
    'snsSession',
    'A mini program’s user, by the code of wx.login',
    [inQuery('grant_type', GRANT), appid, secret, inQuery('js_code', TEXT)],
    SESSION,
  ),
  '/sns/oauth2/access_token': get(
    'snsOauth',
    'A web login’s user, by the code of the redirect',
    [inQuery('grant_type', GRANT), appid, secret, inQuery('code', TEXT)],
    OAUTH,
  ),
  '/sns/oauth2/refresh_token': get(
    'snsRefresh',
    'Passed on',
    [
      inQuery('grant_type', { type: 'string', const: 'refresh_token' }),
      appid,
      inQuery('refresh_token', TEXT, 'The user’s, from a login.'),
    ],
    OAUTH,
  ),
  '/sns/userinfo': get('snsUserinfo', 'Passed on', [userToken, openid, inQuery('lang', TEXT)], ANYTHING),
  '/sns/auth': get('snsAuth', 'Passed on', [userToken, openid], ANYTHING),
};
