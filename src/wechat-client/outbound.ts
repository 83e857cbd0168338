import type { Socket } from 'node:net';
import { buildConnector } from 'undici';
import { parseProxyUrl, type ProxyTarget } from '../config/environment/proxy-url.js';
import type { Secret } from '../core/secret.js';

/**
 * How the hub's calls to WeChat and to robots get their connections. What Node and undici would otherwise limit by
 * themselves, and who limits it here:
 *
 * | limit | their own | here |
 * |---|---|---|
 * | one attempt at one of several addresses (`autoSelectFamilyAttemptTimeout`) | 250 ms | {@link attemptLimitMs} |
 * | connecting, TLS included (`connect.timeout`) | 10 s | the call's own limit |
 * | the proxy's answer to CONNECT | 300 s | the call's own limit |
 * | `headersTimeout`, `bodyTimeout` | 300 s | 0: the caller's clock |
 * | `keepAliveTimeout`, `keepAliveMaxTimeout` | 4 s, 600 s | 10 s, 30 s |
 * | TCP keep-alive (`keepAliveInitialDelay`) | 60 s | 60 s |
 */
export function connectorFor(limitMs: number, proxyUrl: Secret | undefined): buildConnector.connector {
  const direct = buildConnector({
    timeout: limitMs,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: attemptLimitMs(limitMs),
  });
  return proxyUrl === undefined ? direct : throughProxy(direct, limitMs, parseProxyUrl(proxyUrl.reveal()));
}

/** The least for an attempt, ms, where the call has so long: a far server and one lost packet. */
const LEAST_ATTEMPT_MS = 500;

/**
 * How long one of several addresses may take, ms, before the next is tried. Node's own 250 ms are less than WeChat is
 * away from other continents, and the last address is given up by it as well. Three that are dead leave time for one.
 */
export function attemptLimitMs(limitMs: number): number {
  return Math.min(limitMs, Math.max(LEAST_ATTEMPT_MS, Math.floor(limitMs / 4)));
}

/** An answer to CONNECT is a line and some headers. */
const LONGEST_HEAD_BYTES = 16 * 1024;

function throughProxy(
  direct: buildConnector.connector,
  limitMs: number,
  proxy: ProxyTarget,
): buildConnector.connector {
  const { hostname, host, port, protocol } = new URL(proxy.origin);
  const bare = hostname.replace(/^\[|\]$/g, '');
  const upgrade = buildConnector({ timeout: limitMs });
  return (options, callback) => {
    direct({ hostname: bare, host, port, protocol }, (error, socket) => {
      if (error !== null) {
        callback(proxyError(codeOf(error)), null);
        return;
      }
      tunnel(socket, headOf(options, proxy), limitMs, (refusal) => {
        if (refusal !== undefined) callback(refusal, null);
        else if (options.protocol === 'https:') upgrade({ ...options, httpSocket: socket }, callback);
        else callback(null, socket);
      });
    });
  };
}

function headOf({ hostname, port, protocol }: buildConnector.Options, proxy: ProxyTarget): string {
  const name = hostname.includes(':') ? `[${hostname.replace(/^\[|\]$/g, '')}]` : hostname;
  const authority = `${name}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`;
  const credentials =
    proxy.authorization === undefined ? '' : `Proxy-Authorization: ${proxy.authorization}\r\n`;
  return `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${credentials}\r\n`;
}

/** Asks the proxy on an open socket; `undefined`: what follows goes to the target. On an error the socket is gone. */
function tunnel(socket: Socket, head: string, limitMs: number, done: (refusal?: Error) => void): void {
  let read = Buffer.alloc(0);
  const settle = (refusal?: Error): void => {
    clearTimeout(timer);
    socket.off('readable', onReadable).off('error', onEnd).off('close', onEnd).off('end', onEnd);
    if (refusal !== undefined) socket.on('error', () => undefined).destroy();
    done(refusal);
  };
  const onEnd = (): void => {
    settle(proxyError('CLOSED'));
  };
  const onReadable = (): void => {
    for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) {
      read = Buffer.concat([read, chunk]);
    }
    const end = read.indexOf('\r\n\r\n');
    if (end < 0) {
      if (read.length > LONGEST_HEAD_BYTES) settle(proxyError('NOT_HTTP'));
      return;
    }
    const [, status] = /^HTTP\/1\.[01] (\d{3})\b/.exec(read.toString('latin1', 0, end)) ?? [];
    const rest = read.subarray(end + 4);
    if (status?.startsWith('2') === true) {
      if (rest.length > 0) socket.unshift(rest);
      settle();
    } else {
      settle(proxyError(status ?? 'NOT_HTTP'));
    }
  };
  const timer = setTimeout(() => {
    settle(proxyError('TIMEOUT'));
  }, limitMs);
  socket.on('readable', onReadable).on('error', onEnd).on('close', onEnd).on('end', onEnd);
  socket.write(head);
}

/** Its code is all that is told of it: no text of the proxy, and nothing that was sent to it. */
function proxyError(what: string): Error {
  return Object.assign(new Error(`the outbound proxy failed: ${what}`), { code: `PROXY_${what}` });
}

function codeOf(error: unknown): string {
  const { code, errors } = error as { code?: unknown; errors?: { code?: unknown }[] };
  const found = code ?? errors?.[0]?.code;
  return typeof found === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(found) ? found : 'FAILED';
}
