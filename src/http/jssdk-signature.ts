import { createHash } from 'node:crypto';
import type { Secret } from '../core/secret.js';

/**
 * What `wx.config` wants ("JS-SDK" page, appendix on signatures): SHA-1 over the four fields in this order, the URL as
 * the browser has it, neither decoded nor normalised.
 * @param timestamp Unix time, seconds
 */
export function jssdkSignature(ticket: Secret, nonceStr: string, timestamp: number, url: string): string {
  const text = `jsapi_ticket=${ticket.reveal()}&noncestr=${nonceStr}&timestamp=${timestamp}&url=${url}`;
  return createHash('sha1').update(text, 'utf8').digest('hex');
}

/** The URL up to `#`; `undefined` where it is no absolute http(s) URL. */
export function signableUrl(url: unknown): string | undefined {
  if (typeof url !== 'string' || url.length > 4096 || /[\s\p{Cc}]/u.test(url)) return undefined;
  if (!/^https?:\/\/[^/?#]/i.test(url) || !URL.canParse(url)) return undefined;
  return url.split('#', 1)[0];
}
