import type { Language } from './cause-texts.js';
import type { NoticeKind } from '../notice.js';

/** The sentences of notices in one language. */
export interface Words {
  readonly titles: Readonly<Record<NoticeKind, string>>;
  readonly comma: string;
  bracket(text: string): string;
  many(title: string, count: number, areKeys: boolean): string;
  more(count: number): string;
  detail(app: string, rest: string): string;
  /** Of a token that lives for so many ms. */
  life(remainingMs: number): string;
  cause(text: string): string;
  todo(text: string): string;
  recovered(app: string, from: readonly string[]): string;
  forced(app: string, client: string, outcome: string, left: number | undefined): string;
  readonly forcedAdvice: string;
  key(client: string, keyId: string, expiresOn: string, daysLeft: number): string;
  readonly keyAdvice: string;
}

const FORCED_ZH: Readonly<Record<string, string>> = {
  issued: '已得到新的 token，旧的已失效',
  confirmed: '微信给出的仍是原来的 token',
  failed: '微信拒绝或未能应答',
};
const FORCED_EN: Readonly<Record<string, string>> = {
  issued: 'there is a new token, the one before is dead',
  confirmed: 'WeChat gave the same token',
  failed: 'WeChat refused or did not answer',
};

const ZH: Words = {
  titles: {
    token_ending: '续期失败，token 即将或已经失效',
    wrong_secret: 'AppSecret 错误',
    not_whitelisted: '出口地址不在 IP 白名单里',
    quota_gone: '当日配额用完',
    refused: '微信拒绝发放 token',
    recovered: '已恢复',
    forced_refresh: '执行了强制刷新',
    key_expiring: '密钥即将到期',
  },
  comma: '，',
  bracket: (text) => `（${text}）`,
  many: (title, count, areKeys) => `${title}：${count} ${areKeys ? '个密钥' : '个应用'}`,
  more: (count) => `……另有 ${count} 个`,
  detail: (app, rest) => `应用 ${app}：${rest}`,
  life: (ms) => (ms > 0 ? `token 还有 ${spanZh(ms)}有效` : '没有有效的 token，调用方得到 503'),
  cause: (text) => `原因：${text}`,
  todo: (text) => `怎么办：${text}`,
  recovered: (app, from) => `应用 ${app}：续期恢复正常（之前：${from.join('、')}）`,
  forced: (app, client, outcome, left) =>
    `应用 ${app}：客户端 ${client} 执行，${FORCED_ZH[outcome] ?? outcome}${left === undefined ? '' : `；24 小时内还可强制 ${left} 次`}`,
  forcedAdvice: '如果不是你们的人所为，请查清这把管理密钥在谁手里；审计日志里有地址和请求编号。',
  key: (client, keyId, expiresOn, days) =>
    `客户端 ${client} 的密钥 ${keyId}：${expiresOn} 到期，还剩不到 ${days} 天`,
  keyAdvice: '怎么办：为该客户端加上新密钥并重载，换用新密钥后再删除旧的。到期之后旧密钥会被拒绝。',
};

const EN: Words = {
  titles: {
    token_ending: 'Renewal fails; the token has ended or ends soon',
    wrong_secret: 'AppSecret wrong',
    not_whitelisted: 'Address not on the IP whitelist',
    quota_gone: 'Quota of the day used up',
    refused: 'WeChat refuses to give tokens',
    recovered: 'Recovered',
    forced_refresh: 'A forced refresh was made',
    key_expiring: 'A key is about to expire',
  },
  comma: ', ',
  bracket: (text) => ` (${text})`,
  many: (title, count, areKeys) => `${title}: ${count} ${areKeys ? 'keys' : 'apps'}`,
  more: (count) => `… and ${count} more`,
  detail: (app, rest) => `App ${app}: ${rest}`,
  life: (ms) => (ms > 0 ? `its token lives for another ${spanEn(ms)}` : 'no valid token, callers get 503'),
  cause: (text) => `Cause: ${text}`,
  todo: (text) => `What to do: ${text}`,
  recovered: (app, from) => `App ${app}: renewal works again (before: ${from.join('; ')})`,
  forced: (app, client, outcome, left) =>
    `App ${app}: by client ${client}; ${FORCED_EN[outcome] ?? outcome}${left === undefined ? '' : `; ${left} left in these 24 hours`}`,
  forcedAdvice:
    'If it was none of your people, find out who holds that admin key; the audit log has address and request id.',
  key: (client, keyId, expiresOn, days) =>
    `Key ${keyId} of client ${client}: expires ${expiresOn}, in less than ${days} day${days === 1 ? '' : 's'}`,
  keyAdvice:
    'What to do: add a new key to the client and reload, switch to it, then remove the old one. An expired key is refused.',
};

export const WORDS: Readonly<Record<Language, Words>> = { zh: ZH, en: EN };

const MINUTE_MS = 60_000;

function spanZh(ms: number): string {
  const [hours, minutes] = hoursAndMinutes(ms);
  return hours > 0 ? `约 ${hours} 小时 ${minutes} 分钟` : `约 ${minutes} 分钟`;
}

function spanEn(ms: number): string {
  const [hours, minutes] = hoursAndMinutes(ms);
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min`;
}

function hoursAndMinutes(ms: number): [hours: number, minutes: number] {
  const minutes = Math.max(1, Math.round(ms / MINUTE_MS));
  return [Math.floor(minutes / 60), minutes % 60];
}
