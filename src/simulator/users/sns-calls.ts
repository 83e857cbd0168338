import type { IncomingMessage } from 'node:http';
import { addressOf, field, type ApiCall, type Target } from '../api-call.js';
import type { Answer } from '../answer.js';
import type { WeChatModel } from '../wechat-model.js';

type Query = URLSearchParams;

/**
 * `/sns/…`. Parameters are read from the query alone, whatever the method: a POST with a form is told `41002`
 * (community report), and what does not belong, such as an app's access_token, is ignored.
 */
export function snsCall(model: WeChatModel, req: IncomingMessage, target: Target): ApiCall | undefined {
  const { query } = target;
  const appid = field(query, 'appid') ?? '';
  const ip = addressOf(req);
  switch (target.path) {
    case '/sns/jscode2session':
      return call('jscode2session', appid, () => model.users.session(loginOf(query, 'js_code', ip)));
    case '/sns/oauth2/access_token':
      return call('oauth_token', appid, () => model.users.userToken(loginOf(query, 'code', ip)));
    case '/sns/oauth2/refresh_token':
      return call('oauth_refresh', appid, () => refreshed(model, query));
    case '/sns/userinfo':
      return call('userinfo', '', () => userinfo(model, query));
    case '/sns/auth':
      return call('auth', '', () => checked(model, query));
    default:
      return undefined;
  }
}

function call(endpoint: ApiCall['endpoint'], appid: string, answer: () => object): ApiCall {
  return { endpoint, appid, forced: false, act: () => plain(answer()) };
}

/** As seen in real answers: JSON under `text/plain`, without a charset. */
function plain(body: object): Answer {
  return { kind: 'json', body: { ...body }, contentType: 'text/plain' };
}

function loginOf(query: Query, codeName: 'js_code' | 'code', ip: string) {
  return {
    appid: field(query, 'appid'),
    secret: field(query, 'secret'),
    code: field(query, codeName),
    grantType: field(query, 'grant_type'),
    ip,
  };
}

function refreshed(model: WeChatModel, query: Query): object {
  const appid = field(query, 'appid');
  const token = field(query, 'refresh_token');
  if (!appid) return model.error(41002);
  if (!token) return model.error(41003);
  if (field(query, 'grant_type') !== 'refresh_token') return model.error(40002);
  return model.users.tokens.refresh(appid, token);
}

/** Fields of a user's profile are empty since WeChat's privacy changes, but for these two. */
function userinfo(model: WeChatModel, query: Query): object {
  const user = holder(model, query);
  if ('errcode' in user) return user;
  if (!user.scope.startsWith('snsapi_userinfo')) return model.error(48001);
  const { openid, unionid } = user;
  return {
    openid,
    nickname: '微信用户',
    sex: 0,
    language: '',
    city: '',
    province: '',
    country: '',
    headimgurl: 'https://thirdwx.qlogo.cn/mmopen/simulated/132',
    privilege: [],
    ...(unionid === undefined ? {} : { unionid }),
  };
}

function checked(model: WeChatModel, query: Query): object {
  const user = holder(model, query);
  return 'errcode' in user ? user : { errcode: 0, errmsg: 'ok' };
}

function holder(model: WeChatModel, query: Query) {
  const token = field(query, 'access_token');
  const openid = field(query, 'openid');
  if (!token) return model.error(41001);
  if (!openid) return model.error(41009);
  return model.users.tokens.check(token, openid);
}
