import type { UpstreamError } from '../core/upstream.js';
import { describeFailure } from '../core/wechat-error.js';

/** Error codes of Node and undici are such words; nothing else of an error is passed on, as it may quote a URL. */
const CODE = /^[A-Z][A-Z0-9_]{1,63}$/;

/**
 * What a transport's error means, by its code.
 *
 * @param sent whether the request had begun to be written to an open connection.
 */
export function failureOf(error: unknown, sent: boolean): UpstreamError {
  const code = codeOf(error) ?? '';
  if (!sent) return beforeSending(code);
  return isParserError(error) ? describeFailure('not_json', 'it is not even HTTP') : afterSending(code);
}

function beforeSending(code: string): UpstreamError {
  switch (code) {
    case 'UND_ERR_CONNECT_TIMEOUT':
      return describeFailure('timeout', `no connection (${code})`, false);
    case 'UND_ERR_INVALID_ARG':
    case 'UND_ERR_CLOSED':
    case 'UND_ERR_DESTROYED':
      return describeFailure('internal', code, false);
    // The system's or Node's own limit (ETIMEDOUT): no variable of the hub has a say in it.
    default: // ECONNREFUSED, ENOTFOUND, EAI_AGAIN, EHOSTUNREACH, certificates, a hang-up during the TLS handshake …
      return describeFailure('unreachable', code);
  }
}

function afterSending(code: string): UpstreamError {
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return describeFailure('too_large', 'headers');
  return describeFailure('cut_off', code);
}

/** By name: undici 7 leaves the code of its HTTPParserError undefined. */
function isParserError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === 'HTTPParserError';
}

/**
 * By shape and not by `instanceof`: errors of Node's core may come from another realm. A failed connection to a name
 * with several addresses is an AggregateError, whose first error stands for all.
 */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && typeof error.code === 'string' && CODE.test(error.code)) return error.code;
  return 'errors' in error && Array.isArray(error.errors) ? codeOf(error.errors[0]) : undefined;
}
