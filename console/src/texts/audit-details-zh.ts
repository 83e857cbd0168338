/** What a token or certificate lacks, by the reason of the denial, as audit/denial-hints.ts has it in English. */
export const DENIAL_HINTS_ZH: Readonly<Record<string, string>> = {
  malformed_token: '不是三段式的签名 JWT，或头部带有 crit，或是另作他用的令牌（typ）',
  refused_algorithm: '只接受 RS256、ES256 和 EdDSA；不该有人发别的，请查清是谁',
  unknown_issuer: '它的 iss 不属于 issuers 中的任何一项：请逐字核对，包括末尾的斜杠',
  issuer_unavailable: '没有签发方的公钥：wechat-token-hub doctor 会说明为什么取不到',
  unknown_signing_key: '签发方没有这个 kid 和算法的公钥：同名的另一个集群，或公钥已撤下',
  wrong_signature: '内容被改过，或由别人签发：请查清是谁',
  wrong_audience: '是发给别人的：签发时 audience 要用 issuers 中写的那个',
  incomplete_token: '没有 exp 或 sub：Hub 不接受永不到期的令牌',
  expired_token: '已过期：每次请求前重新读取令牌文件，并核对时钟',
  early_token: '还没到 nbf：请核对时钟',
  unknown_identity: '令牌有效，但没有客户端在 identities 中写有这个 issuer 和 subject',
  expired_certificate: '连接期间证书到期：请用新证书重新连接',
};

const WORDS: readonly (readonly [RegExp, string])[] = [
  [/(\d+) problems?\b/g, '$1 个问题'],
  [/\bapps: /g, '应用：'],
  [/\bclients: /g, '客户端：'],
  [/\bkeys: /g, '密钥：'],
  [/(\d+) added\b/g, '新增 $1'],
  [/(\d+) changed\b/g, '改动 $1'],
  [/(\d+) removed\b/g, '删除 $1'],
];

/** A record's `detail`, which the log has in English. What is not known comes back as it is. */
export function detailInChinese(detail: string, reason: string | undefined): string {
  const [, act] = /^asked for (\S+?)(?:;.*)?$/.exec(detail) ?? [];
  if (act !== undefined) {
    const hint = DENIAL_HINTS_ZH[reason ?? ''];
    return `所请求的操作是 ${act}${hint === undefined ? '' : `；${hint}`}`;
  }
  const [, sources] = /^from more sources than are told apart \((\d+)\)$/.exec(detail) ?? [];
  if (sources !== undefined) return `来源超过 ${sources} 个，不再逐个区分`;
  if (!/^(\d+ problems?\b|apps: \d+ added)/.test(detail)) return detail;
  return WORDS.reduce((text, [english, chinese]) => text.replace(english, chinese), detail);
}
