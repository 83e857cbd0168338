import type { ErrorCause } from '../../core/error-cause.js';
import type { CauseTexts } from './cause-text.js';

const CONSOLE = '企业微信管理后台 work.weixin.qq.com → 应用管理 → 该应用';
const BAD_REQUEST: CauseTexts = {
  en: 'WeCom did not get what the hub sends',
  zh: '企业微信收到的不是 Hub 发出的内容',
  zhFix: '检查 HUB_WECOM_BASE_URL 或该应用的 baseUrl，以及中间是否有代理改写了请求。',
};
const NO_RIGHT: CauseTexts = {
  en: 'The agent has no right to this',
  zh: '该应用没有这个权限',
  zhFix: '在企业微信管理后台给该应用授权；用不到的 ticket，从 apps.yaml 的 tickets 中去掉。',
};

/** The rows of WeCom's errcodes (core/kinds/wecom.ts). */
export const WECOM_CAUSES = {
  'wecom_-1': { en: 'WeCom is busy', zh: '企业微信繁忙', zhFix: '不用处理，Hub 会自动重试。' },
  wecom_40001: {
    en: 'The Secret is wrong or was reset',
    zh: 'Secret 错误或已被重置',
    zhFix: `把当前的 Secret 放到 apps.yaml 所指之处，然后重新加载 Hub；放在环境变量里的，要重启 Hub（${CONSOLE}）。用错误的 Secret 反复请求会被企业微信封禁，因此在那之前 Hub 很少再问。`,
  },
  wecom_40013: {
    en: 'WeCom knows no such corpid',
    zh: '企业微信没有这个 corpid',
    zhFix: '改正 apps.yaml，然后重新加载。',
  },
  wecom_40091: {
    en: 'The Secret is another corporation’s',
    zh: 'Secret 属于另一家企业',
    zhFix: '改正该应用的 corpid 或 Secret。',
  },
  wecom_41001: BAD_REQUEST,
  wecom_41002: BAD_REQUEST,
  wecom_41004: BAD_REQUEST,
  wecom_40056: NO_RIGHT,
  wecom_301002: NO_RIGHT,
  wecom_48002: NO_RIGHT,
  wecom_45009: {
    en: 'WeCom limits the calls of this corporation or address',
    zh: '企业微信限制了该企业或该地址的调用频率',
    zhFix:
      '限制会持续一分钟、一小时或一天，Hub 会自动继续。查清还有谁在用这个 Secret（或错误的 Secret）调用 gettoken。',
  },
  wecom_45033: {
    en: 'Too many calls of this corporation at a time',
    zh: '该企业的并发调用过多',
    zhFix: '不用处理，Hub 会自动继续。',
  },
  wecom_60020: {
    en: 'The hub’s outgoing address is not one of the agent’s trusted IPs',
    zh: 'Hub 的出口地址不在该应用的企业可信 IP 里',
    zhFix: `把 {addresses}加入该应用的企业可信 IP（${CONSOLE} → 企业可信IP），约一分钟后生效。token 从任何地址都能获取，被拒绝的只是调用。`,
  },
} satisfies Partial<Record<ErrorCause, CauseTexts>>;
