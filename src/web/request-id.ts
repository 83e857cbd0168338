import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What is taken over from a caller: no white space, no quotes, nothing that a log or a shell would stumble on. */
const ACCEPTED = /^[A-Za-z0-9._~+/=:@-]{1,128}$/;

const processPart = randomBytes(6).toString('base64url');
let count = 0;

/** The caller's `X-Request-Id` where it is of a harmless form, else one that no other process makes. */
export function requestIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id'];
  if (typeof given === 'string' && ACCEPTED.test(given)) return given;
  count += 1;
  return `${processPart}-${count.toString(36)}`;
}
