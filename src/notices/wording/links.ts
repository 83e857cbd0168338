import type { NoticeKind } from '../notice.js';
import type { Language } from './cause-texts.js';
import { WORDS } from './languages.js';

/** Where operators go from a message. */
export interface Link {
  readonly label: string;
  readonly url: string;
}

export interface LinkBases {
  /** Of the console: `https://hub-ops.example.com/console`. */
  readonly consoleUrl: string | undefined;
  /** The folder that has docs/runbooks. */
  readonly runbooksUrl: string | undefined;
}

const RUNBOOKS: Partial<Record<NoticeKind, string>> = {
  token_ending: 'WxhubTokenEndsSoon',
  wrong_secret: 'WxhubWeChatRefuses',
  not_whitelisted: 'WxhubWeChatRefuses',
  quota_gone: 'WxhubWeChatRefuses',
  refused: 'WxhubWeChatRefuses',
  ticket_failing: 'WxhubTicketUnavailable',
  token_contested: 'WxhubTokensDieEarly',
  key_expiring: 'WxhubExpiresSoon',
  certificate_expiring: 'WxhubExpiresSoon',
  config_refused: 'WxhubConfigRefused',
  secret_missing: 'WxhubConfigRefused',
  store_away: 'WxhubRedisUnreachable',
  state_unwritten: 'WxhubStateFileUnwritten',
};

/** @param appid of the one app that it is about */
export function linksOf(
  kind: NoticeKind,
  appid: string | undefined,
  { consoleUrl, runbooksUrl }: LinkBases,
  language: Language,
): Link[] {
  const words = WORDS[language];
  const links: Link[] = [];
  if (consoleUrl !== undefined)
    links.push({ label: words.console, url: `${consoleUrl}#/${viewOf(kind, appid)}` });
  const page = RUNBOOKS[kind];
  if (runbooksUrl !== undefined && page !== undefined) {
    links.push({
      label: words.runbook,
      url: `${runbooksUrl}/${page}${language === 'zh' ? '.zh-CN' : ''}.md`,
    });
  }
  return links;
}

function viewOf(kind: NoticeKind, appid: string | undefined): string {
  if (kind === 'key_expiring') return 'clients?sort=expiry';
  if (appid !== undefined) return `apps/${encodeURIComponent(appid)}`;
  return kind === 'recovered' ? 'apps' : 'apps?state=troubled';
}
