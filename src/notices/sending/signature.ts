import { createHmac } from 'node:crypto';
import type { TargetType } from '../notice.js';

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
  /** Epoch ms by the wall clock: the other side compares it with its own, to the hour. */
  readonly wallNow: number;
}

/**
 * A message as it is sent. Where there is a secret it is signed:
 *
 * - DingTalk: `timestamp` (ms) and `sign` in the query; HMAC-SHA256 of `timestamp\nsecret` under the secret, base64.
 * - Feishu: `timestamp` (s) and `sign` in the body; HMAC-SHA256 of nothing under `timestamp\nsecret`, base64.
 * - webhook: `X-Hub-Timestamp` (s) and `X-Hub-Signature: sha256=…`; HMAC-SHA256 of `timestamp.body` under the secret,
 *   hex.
 * - WeCom has no signatures: its URL alone is the secret.
 */
export function signed({ type, url, secret, body, wallNow }: ToSign): Signed {
  const headers = { 'content-type': 'application/json; charset=utf-8' };
  const seconds = String(Math.floor(wallNow / 1000));
  if (secret === undefined || type === 'wecom') return { url, headers, body: JSON.stringify(body) };
  switch (type) {
    case 'dingtalk': {
      const milliseconds = String(Math.floor(wallNow));
      const target = new URL(url);
      target.searchParams.set('timestamp', milliseconds);
      target.searchParams.set('sign', hmac(secret, `${milliseconds}\n${secret}`, 'base64'));
      return { url: target.href, headers, body: JSON.stringify(body) };
    }
    case 'feishu': {
      const sign = hmac(`${seconds}\n${secret}`, '', 'base64');
      return { url, headers, body: JSON.stringify({ timestamp: seconds, sign, ...body }) };
    }
    case 'webhook': {
      const text = JSON.stringify(body);
      const signature = `sha256=${hmac(secret, `${seconds}.${text}`, 'hex')}`;
      return {
        url,
        headers: { ...headers, 'x-hub-timestamp': seconds, 'x-hub-signature': signature },
        body: text,
      };
    }
  }
}

function hmac(key: string, message: string, encoding: 'base64' | 'hex'): string {
  return createHmac('sha256', key).update(message).digest(encoding);
}
