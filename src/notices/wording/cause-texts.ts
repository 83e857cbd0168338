import type { ErrorCause } from '../../core/error-cause.js';
import { inItsSetting } from '../../core/kinds/upstream-setting.js';
import type { CauseTexts } from './cause-text.js';
import { PLATFORM_FAILURES, platformCauses } from './platform-cause-texts.js';
import { WECOM_CAUSES } from './wecom-cause-texts.js';

export const LANGUAGES = ['zh', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Where people find AppSecret and whitelist since the consoles moved [O]: WECHAT.md, "Hosts and the IP whitelist". */
const CONSOLES =
  '公众号、服务号：微信开发者平台 developers.weixin.qq.com/platform → 我的业务 → 公众号/服务号 → 基础信息 → 开发密钥；' +
  '小程序：微信公众平台 mp.weixin.qq.com → 开发管理 → 开发设置';

const WRONG_SECRET: CauseTexts = {
  en: 'The AppSecret is wrong or was reset',
  zh: 'AppSecret 错误或已被重置',
  zhFix: `把当前的 AppSecret 放到 apps.yaml 所指之处，然后重新加载 Hub；放在环境变量里的，要重启 Hub（${CONSOLES}）。`,
};
const BAD_REQUEST: CauseTexts = {
  en: 'WeChat did not get what the hub sends',
  zh: '微信收到的不是 Hub 发出的内容',
  zhFix: '检查 HUB_WECHAT_BASE_URL，以及中间是否有代理改写了请求。',
};
const NOT_WHITELISTED: CauseTexts = {
  en: 'The hub’s outgoing address is not on the app’s IP whitelist',
  zh: 'Hub 的出口地址不在该应用的 IP 白名单里',
  zhFix: `把 {addresses}加入该应用的 IP 白名单，几分钟后生效，然后刷新（${CONSOLES}）。`,
};
const NO_RIGHT: CauseTexts = {
  en: 'The account has no right to this API',
  zh: '账号没有这个接口的权限（公众号未认证，或没有 JS-SDK、卡券权限）',
  zhFix:
    'jsapi 的 ticket 要求已认证的公众号或服务号，wx_card 还要求开通卡券：在微信公众平台查看接口权限；用不到的话，从 apps.yaml 的 tickets 中去掉。',
};
const RESTRICTED: CauseTexts = {
  en: 'The account or the API is frozen, forbidden or restricted',
  zh: '账号或接口被冻结、禁用或限制',
  zhFix: '查看微信公众平台里的通知，必要时请微信解除限制。',
};
const CONSENT: CauseTexts = {
  en: 'An administrator’s consent to the calling address is pending',
  zh: '等待管理员确认调用地址',
  zhFix: '微信已向账号管理员发出确认请求，请管理员在微信中确认。',
};
const BROKEN_ANSWER_FIX = 'Hub 会重试。若持续：HUB_WECHAT_BASE_URL 指向的是微信吗？中间有没有代理？';

const OF_ANY_APP: Readonly<Record<string, CauseTexts>> = {
  '-1': { en: 'WeChat is busy', zh: '微信繁忙', zhFix: '不用处理，Hub 会自动重试。' },
  '45011': {
    en: 'Too many calls in this minute',
    zh: '这一分钟调用过多',
    zhFix: '不用处理：Hub 下一分钟继续。查清还有谁在为该应用调用。',
  },
  '45009': {
    en: 'The day’s quota is used up',
    zh: '当日额度用完',
    zhFix:
      '次日零点恢复；要立即恢复：POST /admin/apps/{appid}/quota/clear（微信的 clear_quota/v2，不需要 token，每月 10 次）。强制刷新的次数（每天 20 次）不会因此恢复。查清还有谁在为该应用获取 token。',
  },
  '40125': WRONG_SECRET,
  '40001': WRONG_SECRET,
  '40013': {
    en: 'WeChat knows no such appid',
    zh: '微信没有这个 appid',
    zhFix: '改正 apps.yaml，然后重新加载。',
  },
  '41002': BAD_REQUEST,
  '41004': BAD_REQUEST,
  '40002': BAD_REQUEST,
  '43002': BAD_REQUEST,
  '47001': BAD_REQUEST,
  '61024': {
    en: 'The app is managed by a third-party platform',
    zh: '该应用由第三方平台托管',
    zhFix: '它的 token 由该平台获取：在 platforms 中配置这个平台，或从 apps.yaml 中去掉该 appid。',
  },
  '40164': NOT_WHITELISTED,
  '61004': NOT_WHITELISTED,
  '45035': NOT_WHITELISTED,
  '48001': NO_RIGHT,
  '50001': NO_RIGHT,
  '61007': NO_RIGHT,
  '40243': {
    en: 'The AppSecret is frozen',
    zh: 'AppSecret 被冻结',
    zhFix: `在显示 AppSecret 的地方解冻，需要 10 分钟（${CONSOLES}）。`,
  },
  '50004': RESTRICTED,
  '50007': RESTRICTED,
  '50002': RESTRICTED,
  '48004': RESTRICTED,
  '89501': CONSENT,
  '89503': CONSENT,
  '89507': {
    en: 'An administrator refused the address',
    zh: '管理员拒绝了该地址',
    zhFix: '微信在 1 小时内不接受来自该地址的调用；先与管理员沟通。',
  },
  '89506': {
    en: 'An administrator refused the address twice',
    zh: '管理员两次拒绝了该地址',
    zhFix: '微信在 24 小时内不接受来自该地址的调用；先与管理员沟通。',
  },
  ...WECOM_CAUSES,
  timeout: {
    en: 'WeChat did not answer in time',
    zh: '微信没有按时响应',
    zhFix: '若持续：是否有防火墙丢弃了发往微信的流量？单次调用的时限是 HUB_WECHAT_TIMEOUT_MS。',
  },
  unreachable: {
    en: 'WeChat could not be reached',
    zh: '连不上微信',
    zhFix: '检查 DNS、出口（防火墙、NAT）和 HUB_WECHAT_BASE_URL。',
  },
  unreachable_dns: {
    en: 'The name of the upstream is not resolved',
    zh: '上游的域名无法解析',
    zhFix: '检查 DNS 和 HUB_WECHAT_BASE_URL。',
  },
  unreachable_tls: {
    en: 'The upstream’s certificate or TLS is refused',
    zh: '上游的证书或 TLS 不被接受',
    zhFix: '如果有代理拦截 TLS，请对微信放行，或在 NODE_EXTRA_CA_CERTS 中写明它的 CA。',
  },
  cut_off: {
    en: 'The connection was cut before the answer was complete',
    zh: '响应尚未完整，连接就断了',
    zhFix: 'Hub 会重试。若持续：检查出口上的代理和 NAT 网关。',
  },
  too_large: {
    en: 'The answer is too large to be one of WeChat',
    zh: '响应过大，不像是微信的',
    zhFix: BROKEN_ANSWER_FIX,
  },
  http_status: {
    en: 'The HTTP status is not the 200 that WeChat always sends',
    zh: 'HTTP 状态码不是微信一贯的 200',
    zhFix: '中间有没有代理，或 HUB_WECHAT_BASE_URL 指向了别处？不跟随重定向。',
  },
  not_json: {
    en: 'The answer is not JSON',
    zh: '响应不是 JSON',
    zhFix: '中间有没有代理或认证门户？HUB_WECHAT_BASE_URL 指向的是微信吗？',
  },
  no_token: {
    en: 'The answer lacks what was asked for',
    zh: '响应里没有所要的内容',
    zhFix: BROKEN_ANSWER_FIX,
  },
  bad_expires_in: {
    en: 'The answer has no usable expires_in',
    zh: '响应里没有可用的 expires_in',
    zhFix: BROKEN_ANSWER_FIX,
  },
  no_secret: {
    en: 'There is no AppSecret to ask with',
    zh: '没有可用的 AppSecret',
    zhFix:
      'apps.yaml 写明了该应用的 AppSecret 在哪里，但从那里取不到（原因见最近一次重新加载的 warnings）。放好之后 Hub 会自动采用。',
  },
  login_only: {
    en: 'The app only logs users in and has no access_token',
    zh: '该应用只用于用户登录，没有 access_token',
    zhFix: '如果它应当有 token，请修改 apps.yaml 中的 tokenApi。',
  },
  no_access_token: {
    en: 'The app has no valid access_token to ask with',
    zh: '该应用没有可用来请求的有效 access_token',
    zhFix: '该应用有了 token，ticket 会自动跟上；请看 token 的错误。',
  },
  internal: {
    en: 'The hub failed to make the call',
    zh: 'Hub 未能发出调用',
    zhFix: '这是 Hub 的缺陷：请连同日志一起反馈。',
  },
  dead_token: {
    en: 'The token is dead at WeChat',
    zh: 'token 在微信侧已失效',
    zhFix: 'Hub 会用下一个 token 再试；是否有别的程序在为该应用获取 token？',
  },
  unknown_errcode: {
    en: 'An errcode that the hub does not know',
    zh: 'Hub 不认识的错误码',
    zhFix: 'Hub 会重试；请在微信的全局返回码中查找。',
  },
} satisfies Partial<Record<ErrorCause, CauseTexts>>;

/** One row for each word of error-cause.ts: the words of notices and of the console, the same as in the documents. */
export const CAUSES: Readonly<Record<string, CauseTexts>> = {
  ...OF_ANY_APP,
  ...platformCauses((errcode) => OF_ANY_APP[String(errcode)]),
  ...PLATFORM_FAILURES,
};

/** `undefined`: there are no words for it. */
export function causeIn(language: Language, cause: ErrorCause): string | undefined {
  return CAUSES[cause]?.[language];
}

export interface FixFacts {
  readonly cause: ErrorCause;
  /** The error's own, in English. */
  readonly hint: string;
  /** Those that WeChat saw, for a refusal by whitelist. */
  readonly addresses: readonly string[];
}

/** What to do. English hints begin with the cause, which stands beside it here. */
export function fixIn(language: Language, { cause, hint, addresses }: FixFacts): string {
  const texts = CAUSES[cause];
  if (language === 'en' || texts === undefined) return withoutCause(hint, texts?.en);
  const named = addresses.length > 0 ? `${addresses.join(' 和 ')} ` : 'Hub 的出口地址（微信没有写明）';
  return inItsSetting(texts.zhFix, hint, '该应用的 baseUrl').replace('{addresses}', named);
}

function withoutCause(hint: string, cause: string | undefined): string {
  const begins = cause === undefined ? '' : `${cause}. `;
  return begins !== '' && hint.replaceAll("'", '’').startsWith(begins) ? hint.slice(begins.length) : hint;
}
