import type { IncomingMessage } from 'node:http';

/** W3C Trace Context, 3.2 (w3.org/TR/trace-context): version, trace-id, parent-id, flags; lower case alone. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/;

/**
 * The trace that a request belongs to: the trace-id of its `traceparent`, for logs and the audit log. `undefined` where
 * there is none, or one that the standard tells to ignore: several of them (Node joins them), a version that has more
 * than it may (00 ends with the flags), ids of nothing but zeros.
 */
export function traceIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string | undefined {
  const given = headers.traceparent;
  if (typeof given !== 'string') return undefined;
  const match = TRACEPARENT.exec(given);
  if (match === null || (match[1] === '00' && match[3] !== undefined)) return undefined;
  return match[2];
}
