import type { IncomingMessage } from 'node:http';
import { addressOf, field, type ApiCall, type Target } from '../api-call.js';
import { parseObject, readBody } from '../body.js';
import type { Endpoint } from '../journal.js';
import type { WeChatModel } from '../wechat-model.js';

const BODY_LIMIT = 64 * 1024;
const COMPONENT = '/cgi-bin/component/';

/** A platform's endpoints, and logins of its authorizers; `undefined`: none of them. */
export async function componentCall(
  model: WeChatModel,
  req: IncomingMessage,
  target: Target,
): Promise<ApiCall | undefined> {
  if (target.path.startsWith('/sns/') && target.path.includes('/component/'))
    return loginCall(model, req, target);
  if (!target.path.startsWith(COMPONENT)) return undefined;
  const sent = await readBody(req, BODY_LIMIT);
  const body = parseObject(sent) ?? {};
  const { platforms } = model;
  const ip = addressOf(req);
  const api = target.path.slice(COMPONENT.length);
  const platform = typeof body.component_appid === 'string' ? body.component_appid : '';
  const call = (endpoint: Endpoint, appid: string, act: () => object): ApiCall => ({
    endpoint,
    appid,
    forced: false,
    body: sent,
    act: () => ({ kind: 'json', body: { ...act() } }),
  });
  const withToken = (endpoint: Endpoint, appid: string, act: (platform: string) => object): ApiCall =>
    call(endpoint, appid, () => {
      // Older pages and all SDKs have the first name, pages of today the second.
      const token = field(target.query, 'component_access_token') ?? field(target.query, 'access_token');
      const checked = platforms.check(token, ip);
      return 'errcode' in checked ? checked : act(checked.appid);
    });
  switch (api) {
    case 'api_start_push_ticket':
      return call('start_push_ticket', platform, () => platforms.startPush(body, ip));
    case 'api_component_token':
      return call('component_token', platform, () => platforms.componentToken(body, ip));
    case 'api_create_preauthcode':
      return withToken('preauthcode', platform, () => platforms.preAuthCode());
    case 'api_query_auth':
      return withToken('query_auth', platform, (appid) => platforms.queryAuth(appid, body));
    case 'api_authorizer_token':
      return withToken('authorizer_token', String(body.authorizer_appid), (appid) =>
        platforms.authorizerToken(appid, body),
      );
    case 'api_get_authorizer_list':
      return withToken('authorizer_list', platform, (appid) => platforms.list(appid, body));
    case 'api_get_authorizer_info':
      return withToken('component_other', platform, (appid) => platforms.info(appid, body));
    default:
      return withToken('component_other', platform, () => ({ errcode: 0, errmsg: 'ok', api, body }));
  }
}

/** By the platform's own token in the place of the AppSecret. */
function loginCall(model: WeChatModel, req: IncomingMessage, { path, query }: Target): ApiCall | undefined {
  const appid = field(query, 'appid') ?? '';
  const ip = addressOf(req);
  const secret = model.findApp(appid)?.secret;
  const login = (codeName: string) => ({
    appid,
    secret,
    code: field(query, codeName),
    grantType: field(query, 'grant_type'),
    ip,
  });
  const call = (endpoint: Endpoint, act: () => object): ApiCall => ({
    endpoint,
    appid,
    forced: false,
    act: () => {
      const checked = model.platforms.check(field(query, 'component_access_token'), ip);
      return {
        kind: 'json',
        body: { ...('errcode' in checked ? checked : act()) },
        contentType: 'text/plain',
      };
    },
  });
  switch (path) {
    case '/sns/component/jscode2session':
      return call('jscode2session', () => model.users.session(login('js_code')));
    case '/sns/oauth2/component/access_token':
      return call('oauth_token', () => model.users.userToken(login('code')));
    case '/sns/oauth2/component/refresh_token':
      return call('oauth_refresh', () =>
        model.users.tokens.refresh(appid, field(query, 'refresh_token') ?? ''),
      );
    default:
      return undefined;
  }
}
