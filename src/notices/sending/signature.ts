import { createHmac } from 'node:crypto';
import { WHSEC, type TargetType } from '../notice.js';

export interface Signed {
  /** Whole. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ToSign {
  readonly type: TargetType;
  readonly url: string;
  /** `undefined`: nothing is signed. */
  readonly secret: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
  /** Of the message: the same at each attempt. */
  readonly id: string;
  /** Epoch ms by the wall clock: the other side compares it with its own, to the hour. */
  readonly wallNow: number;
}

/**
 * A message as it is sent. Where there is a secret it is signed:
 *
 * - DingTalk: `timestamp` (ms) and `sign` in the query; HMAC-SHA256 of `timestamp\nsecret` under the secret, base64.
 * - Feishu: `timestamp` (s) and `sign` in the body; HMAC-SHA256 of nothing under `timestamp\nsecret`, base64.
 * - webhook: Standard Webhooks (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md):
 *   `webhook-id`, `webhook-timestamp` (s) and `webhook-signature: v1,…`; HMAC-SHA256 of `id.timestamp.body`, base64. Id
 *   and time are there without a secret too: by the id a receiver knows a repeat.
 * - WeCom has no signatures: its URL alone is the secret.
 */
export function signed({ type, url, secret, body, id, wallNow }: ToSign): Signed {
  const headers = { 'content-type': 'application/json; charset=utf-8' };
  const seconds = String(Math.floor(wallNow / 1000));
  if (type === 'webhook') {
    const text = JSON.stringify(body);
    const standard = { 'webhook-id': id, 'webhook-timestamp': seconds };
    if (secret === undefined) return { url, headers: { ...headers, ...standard }, body: text };
    const signature = `v1,${hmac(keyOf(secret), `${id}.${seconds}.${text}`)}`;
    return { url, headers: { ...headers, ...standard, 'webhook-signature': signature }, body: text };
  }
  if (secret === undefined || type === 'wecom') return { url, headers, body: JSON.stringify(body) };
  switch (type) {
    case 'dingtalk': {
      const milliseconds = String(Math.floor(wallNow));
      const target = new URL(url);
      target.searchParams.set('timestamp', milliseconds);
      target.searchParams.set('sign', hmac(secret, `${milliseconds}\n${secret}`));
      return { url: target.href, headers, body: JSON.stringify(body) };
    }
    case 'feishu': {
      const sign = hmac(`${seconds}\n${secret}`, '');
      return { url, headers, body: JSON.stringify({ timestamp: seconds, sign, ...body }) };
    }
  }
}

/** `whsec_` and base64 as the standard has it; any other text is the key as it stands (`format: 'raw'` of its libraries). */
function keyOf(secret: string): string | Buffer {
  return secret.startsWith(WHSEC) ? Buffer.from(secret.slice(WHSEC.length), 'base64') : secret;
}

function hmac(key: string | Buffer, message: string): string {
  return createHmac('sha256', key).update(message).digest('base64');
}
