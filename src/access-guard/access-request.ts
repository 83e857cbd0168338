import { hash } from 'node:crypto';
import { isLookedUp, type AccessIndex, type Credential } from '../core/access/decision.js';
import type { ShownCertificate, TokenVerdict } from '../core/access/identity.js';
import { parseBearer } from '../core/access/key.js';

/** What a request says about who sends it. */
export interface AccessRequest {
  /** The socket's remote address as Node gives it; '' where there is none any more. */
  readonly socketAddress: string;
  /** The header's value, several fields joined by ", " as Node does. */
  readonly xForwardedFor: string | undefined;
  readonly authorization: string | undefined;
  /** A key that came elsewhere, such as the drop-in's `secret`. Where there is one, `authorization` does not count. */
  readonly key?: string | undefined;
  /** What became of the token in `authorization`; `undefined`: there is none, or nobody has looked. */
  readonly token?: TokenVerdict | undefined;
  /** Of its connection. Counts where there is neither `authorization` nor a key. */
  readonly certificate?: ShownCertificate | undefined;
  /**
   * A browser sent it (core/access/browser.ts): neither its address nor a certificate, which browsers show unasked, lets
   * it in. Looked at where there is no key.
   */
  readonly isFromBrowser?: boolean;
  /** For who reads of a denial: these two. */
  readonly requestId?: string | undefined;
  readonly traceId?: string | undefined;
}

/**
 * The same request with a key that came elsewhere. Written out: `{ ...request, key }` costs as much as a fiftieth of the
 * drop-in's whole request (bench/README.md).
 */
export function withKey(request: AccessRequest, key: string): AccessRequest {
  const { socketAddress, xForwardedFor, authorization, requestId, traceId } = request;
  return { socketAddress, xForwardedFor, authorization, key, requestId, traceId };
}

/** What is presented, ready for the index. Hashed only if it can be a key at all. */
export function credentialOf({
  key,
  authorization,
  token,
  certificate,
}: Pick<AccessRequest, 'key' | 'authorization' | 'token' | 'certificate'>): Credential {
  if (key === undefined && token !== undefined) return { token };
  if (key === undefined && authorization === undefined && certificate !== undefined) return { certificate };
  const presented = key === undefined ? parseBearer(authorization) : { key };
  if (typeof presented === 'string') return presented;
  return isLookedUp(presented.key) ? { sha256: hash('sha256', presented.key, 'hex') } : 'malformed';
}

/** Whether this text is a key of any client. */
export function hasKey(index: AccessIndex, text: string): boolean {
  const credential = credentialOf({ key: text, authorization: undefined });
  return typeof credential === 'object' && 'sha256' in credential && index.keys.has(credential.sha256);
}
