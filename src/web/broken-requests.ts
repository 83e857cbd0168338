import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HubException } from './hub-exception.js';
import { PROBLEM_CONTENT_TYPE, problemOf } from './problem.js';
import { nextRequestId } from './request-id.js';
import { sendProblem } from './send-problem.js';

/**
 * What Node refuses before there is a request: answered as a problem document as well, under a new request id. The
 * connection is closed, since nobody knows where the next request would begin.
 */
export function answerBroken(error: { readonly code?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (socket.writable) {
    socket.write(brokenAnswer(error.code));
  }
  socket.destroy();
}

/**
 * What Node would answer by itself and without a body, is a request as any other: an `Expect` of anything but
 * `100-continue` may be ignored (RFC 9110 section 10.1.1); CONNECT is a method that no path has.
 */
export function takeUnusual(server: Pick<Server, 'on' | 'emit'>): void {
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    server.emit('request', request, response);
  });
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => undefined);
    answerBroken({ code: 'CONNECT' }, socket);
  });
}

/** HTTP/1.1 wants one (RFC 9112 section 3.2). Node is told not to look: it would answer without a body. */
export function refuseWithoutHost(request: FastifyRequest, reply: FastifyReply): boolean {
  const { headers, httpVersion } = request.raw;
  if (headers.host !== undefined || httpVersion === '1.0') return false;
  reply.header('connection', 'close');
  sendProblem(request, reply, new HubException('HUB_BAD_REQUEST', 'The request has no Host header.'));
  return true;
}

function brokenAnswer(code: string | undefined): string {
  const { line, status, detail } = meaningOf(code);
  const id = nextRequestId();
  const problem = { ...problemOf(new HubException('HUB_BAD_REQUEST', detail), id), status };
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${line}`,
    `X-Request-Id: ${id}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    `Content-Type: ${PROBLEM_CONTENT_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

interface Meaning {
  readonly line: string;
  readonly status: number;
  readonly detail: string;
}

function meaningOf(code: string | undefined): Meaning {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { line: '408 Request Timeout', status: 408, detail: 'The request took too long to arrive.' };
    case 'HPE_HEADER_OVERFLOW':
      return {
        line: '431 Request Header Fields Too Large',
        status: 431,
        detail: 'URL and headers together are larger than 16 KiB.',
      };
    case 'CONNECT':
      return { line: '400 Bad Request', status: 400, detail: 'The hub is no proxy: there is no CONNECT.' };
    default:
      return { line: '400 Bad Request', status: 400, detail: 'This is not HTTP/1.1 as RFC 9112 has it.' };
  }
}
