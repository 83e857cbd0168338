import type { FastifyReply } from 'fastify';
import type { AppRequest } from './app-request.js';

const JSON_TYPE = 'application/json; charset=utf-8';
const NO_HEADERS: readonly string[] = [];

/**
 * Sends 200 and a body that is ready, with `Cache-Control: no-store`, straight to Node's response.
 *
 * - Why: `reply.header(…).send(…)` looks for serialisers, streams and charsets that are not there, and costs a tenth
 *   of the hot route's request rate (bench/README.md).
 * - Headers set by `reply.header` are not written; those set by `reply.raw.setHeader` are. Fastify's hooks run as
 *   always, `onSend` excepted: a request that is not let in any longer goes the long way, where that hook (web/exit.ts)
 *   puts the denial in the place of the answer.
 *
 * @param body JSON in ASCII: it is measured and written as one byte per character.
 * @param extra Further headers, name and value in turn.
 */
export function sendReady(
  request: AppRequest,
  reply: FastifyReply,
  body: string,
  extra: readonly string[] = NO_HEADERS,
): void {
  const { admission } = request;
  if (reply.sent) return;
  if (admission === undefined || admission.denialNow() !== undefined) {
    void reply.header('content-type', JSON_TYPE).header('cache-control', 'no-store').send(body);
    return;
  }
  const headers = [
    'x-request-id',
    request.id,
    'content-type',
    JSON_TYPE,
    'cache-control',
    'no-store',
    'x-content-type-options',
    'nosniff',
    'content-length',
    String(body.length),
  ];
  if (extra.length > 0) headers.push(...extra);
  reply.raw.writeHead(200, headers).end(body, 'latin1');
}
