import type { ErrorCause } from '../../core/error-cause.js';
import { PLATFORM_ERRCODES } from '../../core/kinds/platform.js';
import { ERRCODE_ROWS } from '../../core/wechat-error.js';
import type { CauseTexts } from './cause-text.js';

const CONSOLE = '微信开放平台 open.weixin.qq.com → 管理中心 → 第三方平台 → 开发资料';
const WRONG_SECRET: CauseTexts = {
  en: 'The platform’s AppSecret is wrong or was reset',
  zh: '第三方平台的 AppSecret 错误或已被重置',
  zhFix: `把当前的 AppSecret 放到 apps.yaml 中该平台所指之处，然后重新加载 Hub（${CONSOLE}）。`,
};
const NO_PLATFORM: CauseTexts = {
  en: 'WeChat knows no such platform',
  zh: '微信没有这个第三方平台',
  zhFix: '改正 apps.yaml 中平台的 appid，然后重新加载。',
};
const ANEW: CauseTexts = {
  en: 'The account’s authorisation of the platform does not work any more',
  zh: '该账号对第三方平台的授权已失效',
  zhFix: '请账号管理员重新授权（授权链接：POST /admin/platforms/{appid}/authorize-link）。',
};
const NOT_WHITELISTED: CauseTexts = {
  en: 'The hub’s outgoing address is not on the platform’s IP whitelist',
  zh: 'Hub 的出口地址不在第三方平台的 IP 白名单里',
  zhFix: `把 {addresses}加入第三方平台的白名单 IP 地址列表，几分钟后生效（${CONSOLE}）。`,
};
const BAD_TICKET: CauseTexts = {
  en: 'WeChat no longer takes the platform’s ticket',
  zh: '微信不再接受该平台的 component_verify_ticket',
  zhFix: '10 分钟内的下一次推送会带来新的，Hub 会自动继续。若持续：推送到达 /platforms/{appid}/push 了吗？',
};
const BAD_CODE: CauseTexts = {
  en: 'The code of an authorisation is used up or too old',
  zh: '授权码已被使用或已过期',
  zhFix: '请商家修改授权给平台的权限集：届时会推送新的授权码。',
};

/** Of the codes that mean something else to a platform (core/kinds/platform.ts); the others mean what they always do. */
const OWN: Readonly<Record<number, CauseTexts>> = {
  40001: WRONG_SECRET,
  40125: WRONG_SECRET,
  40094: WRONG_SECRET,
  40013: NO_PLATFORM,
  61011: NO_PLATFORM,
  61003: ANEW,
  61023: ANEW,
  61004: NOT_WHITELISTED,
  40090: NOT_WHITELISTED,
  61005: BAD_TICKET,
  61006: BAD_TICKET,
  40091: BAD_TICKET,
  61009: BAD_CODE,
  61010: BAD_CODE,
};

/** @param of an errcode of any app */
export function platformCauses(of: (errcode: number) => CauseTexts | undefined): Record<string, CauseTexts> {
  const rows = Object.keys(PLATFORM_ERRCODES).map(Number);
  return Object.fromEntries(
    rows.flatMap((errcode): [ErrorCause, CauseTexts][] => {
      const texts = OWN[errcode] ?? (errcode in ERRCODE_ROWS ? of(errcode) : undefined);
      return texts === undefined ? [] : [[`platform_${errcode}`, texts]];
    }),
  );
}

export const PLATFORM_FAILURES = {
  no_verify_ticket: {
    en: 'No ticket of the platform has come from WeChat',
    zh: '还没有收到微信推送的 component_verify_ticket',
    zhFix:
      '微信每 10 分钟向 https://<Hub 的地址>/platforms/{appid}/push 推送一次。开放平台的“授权事件接收 URL”填的是它吗？apps.yaml 中的 Token 和 AES Key 与平台一致吗？',
  },
  pushes_silent: {
    en: 'WeChat has pushed no ticket of the platform for half an hour',
    zh: '微信已有半小时没有推送该平台的 component_verify_ticket',
    zhFix:
      '最后一个有效 12 小时，之后该平台的一切都不可用。推送还能到达 https://<Hub 的地址>/platforms/{appid}/push 吗？是否在那里被拒绝（日志中逐条可查）？',
  },
  no_component_token: {
    en: 'The platform has no valid token of its own to ask with',
    zh: '第三方平台没有可用的 component_access_token',
    zhFix: '平台有了 token，授权方的 token 会自动跟上；请看平台的错误。',
  },
  no_refresh_token: {
    en: 'No refresh token of the account’s authorisation is known',
    zh: '没有该账号授权的 authorizer_refresh_token',
    zhFix: 'Hub 会从微信的授权方列表中查找。若持续：请账号管理员重新授权。',
  },
} satisfies Partial<Record<ErrorCause, CauseTexts>>;
