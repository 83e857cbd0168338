import type { Language } from './language.js';

/** Pages of docs/runbooks that the console leads to. */
export type Runbook =
  | 'WxhubWeChatRefuses'
  | 'WxhubAppWithoutToken'
  | 'WxhubTokenEndsSoon'
  | 'WxhubTicketUnavailable'
  | 'WxhubRedisUnreachable'
  | 'WxhubStateFileUnwritten'
  | 'WxhubConfigRefused'
  | 'WxhubExpiresSoon';

/** `undefined`: apps.yaml names no place for runbooks. */
export function runbookUrl(base: string | null, page: Runbook, language: Language): string | undefined {
  return base === null ? undefined : `${base}/${page}${language === 'zh' ? '.zh-CN' : ''}.md`;
}
