import { spanZh } from './span.js';
import type { Unit, Words } from './words.js';

const UNITS: Readonly<Record<Unit, string>> = { apps: ' 个应用', keys: ' 个密钥', none: '' };
const FORCED: Readonly<Record<string, string>> = {
  issued: '已得到新的 token，旧的已失效',
  confirmed: '微信给出的仍是原来的 token',
  failed: '微信拒绝或未能响应',
};

export const ZH: Words = {
  titles: {
    token_ending: '续期失败，token 即将失效或已失效',
    wrong_secret: 'AppSecret 错误',
    not_whitelisted: '出口地址不在 IP 白名单里',
    quota_gone: '当日额度用完',
    refused: '微信拒绝发放 token',
    ticket_failing: '获取不到 ticket',
    recovered: '已恢复',
    forced_refresh: '执行了强制刷新',
    token_contested: '别处也在获取该应用的 token',
    key_expiring: 'Hub 密钥即将到期',
    config_refused: 'apps.yaml 被拒绝',
    secret_missing: '有 AppSecret 读不到',
    store_away: 'Redis 不可用',
    state_unwritten: '状态文件无法写入',
    certificate_expiring: '证书即将到期',
  },
  listComma: '、',
  bracket: (text) => `（${text}）`,
  many: (title, count, unit) => `${title}：${count}${UNITS[unit]}`,
  more: (count) => `……另有 ${count} 个`,
  app: (app, rest) => `应用 ${app}：${rest}`,
  life: (ms) => (ms > 0 ? `token 还能用${spanZh(ms)}` : '没有有效的 token，调用方得到 503'),
  shortLife: (ms) => (ms > 0 ? `还能用${spanZh(ms)}` : '没有 token'),
  ticket: (app, type, ms) =>
    `应用 ${app}：ticket ${type} ${ms > 0 ? `还能用${spanZh(ms)}，续期失败` : '没有有效的，获取它的调用方得到 503'}`,
  cause: (text, count) => `原因：${text}${count === undefined ? '' : `：${count} 个应用`}`,
  todo: (text) => `怎么办：${text}`,
  apps: (names) => `应用：${names}`,
  recovered: (app, from) =>
    app === undefined
      ? `恢复正常（之前：${from.join('、')}）`
      : `应用 ${app}：续期恢复正常（之前：${from.join('、')}）`,
  forced: (app, client, outcome, left) =>
    `应用 ${app}：客户端 ${client} 执行，${FORCED[outcome] ?? outcome}${left === undefined ? '' : `；24 小时内还可强制 ${left} 次`}`,
  forcedAdvice: '如果不是你们的人所为，请查清这个管理员密钥在谁手里；审计日志里有地址和请求编号。',
  contested: (app) => `应用 ${app}：6 小时内至少两次，token 未到期就被换掉，Hub 并没有这样做`,
  contestedAdvice:
    '怎么办：找出还有谁持有该应用的 AppSecret（旧的中控服务没有停？有人在强制刷新？）并停掉；找不到就重置 AppSecret，只交给 Hub。',
  key: (client, keyId, expiresOn, days) =>
    `客户端 ${client} 的密钥 ${keyId}：${expiresOn} 到期，还剩不到 ${days} 天`,
  keyAdvice: '怎么办：为该客户端加上新密钥并重新加载，换用新密钥后再删除旧的。到期之后旧密钥会被拒绝。',
  certificate: (instance, expiresOn, days) =>
    `副本 ${instance}：面向调用方的 HTTPS 证书 ${expiresOn} 到期，还剩不到 ${days} 天`,
  certificateAdvice: '怎么办：更换 HUB_TLS_CERT_FILE 和 HUB_TLS_KEY_FILE 所指的文件，几秒内生效，无须重启。',
  configRefused: (instance) => `副本 ${instance}：改动后的配置没有生效，仍按之前的运行`,
  configAdvice: '怎么办：改正下面各行；文件一改就会重新读取。node dist/cli/main.js check 可以先行检查。',
  secretMissing: (instance) => `副本 ${instance}：其余配置已生效；这些应用没有 AppSecret，或仍用之前的`,
  secretAdvice: '怎么办：让密钥文件存在且可读，或设置好环境变量；文件一出现就会重新读取。',
  storeAway: (instance) => `副本 ${instance}：凭手里的 token 继续服务；各副本各自续期`,
  storeAdvice: '怎么办：恢复 Redis。node dist/cli/main.js doctor 会逐台检查并说明怎么修。',
  stateUnwritten: (instance) => `Hub ${instance}：凭手里的 token 继续服务；此时重启会丢掉还没写入文件的部分`,
  stateAdvice:
    '怎么办：给 HUB_STATE_FILE 所在的磁盘腾出空间，或让 Hub 能写它所在的目录；在此之前不要重启。具体原因见日志。',
  console: '控制台',
  runbook: '处理手册',
};
