import { SystemClock, type ClientClock } from './clock.js';
import type { FetchLike } from './fetch-transport.js';
import type { HubError } from './hub-error.js';
import type { TlsOptions } from './node-transport.js';

export interface TokenClientOptions {
  /** Where the hub is, `https://hub.example.com` or with a path prefix `https://example.com/hub`. */
  readonly hubUrl: string;
  /** The client's key. Left out for a client that the hub knows by its address alone. */
  readonly key?: string;
  /**
   * A file with a token by which the hub knows the client, such as a pod's ServiceAccount token, instead of a key. Read
   * for each request: Kubernetes puts a new one into it while the process runs.
   */
  readonly tokenFile?: string;
  /** Where WeChat is, for `fetchWechat`. Default `https://api.weixin.qq.com`. */
  readonly wechatUrl?: string;
  /**
   * Used for every request, to the hub and to WeChat, in place of the library's own connections to the hub and the
   * global `fetch`. Its long-polls keep the process alive until `close()`.
   */
  readonly fetch?: FetchLike;
  /** For the hub's HTTPS; the platform's rules and CAs (also NODE_EXTRA_CA_CERTS) by default. Not with `fetch`. */
  readonly tls?: TlsOptions;
  /**
   * How long a caller waits for a token when there is none in memory. Milliseconds, default 10,000: the hub itself
   * may take 6 s on a cold start.
   */
  readonly acquireTimeoutMs?: number;
  /** One request to the hub; a long-poll has its wait on top. Milliseconds, default 8,000. */
  readonly requestTimeoutMs?: number;
  /** One call to WeChat until its answer begins. Milliseconds, default 30,000. */
  readonly wechatTimeoutMs?: number;
  /**
   * How long the hub may hold a long-poll. Seconds, 1 to 55, default 50: below the 60 s after which usual proxies cut
   * off. Less if a proxy in between is less patient.
   */
  readonly followWaitSeconds?: number;
  /** An app that was not used for so long is followed no more and forgotten. Milliseconds, default 1,800,000. */
  readonly idleMs?: number;
  /**
   * A token is not handed out so shortly before its end, so that it lives on its way to WeChat. Milliseconds, 0 to
   * 30,000, default 5,000; at most a tenth of the token's life.
   */
  readonly expiryMarginMs?: number;
  /** Told what goes wrong in the background, where nobody waits for the result. What it throws is ignored. */
  readonly onError?: (error: HubError, appid: string) => void;
  /** For tests. */
  readonly clock?: ClientClock;
  /** In [0, 1). For tests. Default `Math.random`. */
  readonly random?: () => number;
}

/** The options, complete and checked. */
export interface Settings {
  readonly hubUrl: string;
  readonly key: string | undefined;
  readonly tokenFile: string | undefined;
  readonly wechatUrl: string;
  readonly fetch: FetchLike | undefined;
  readonly tls: TlsOptions | undefined;
  readonly acquireTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly wechatTimeoutMs: number;
  readonly followWaitSeconds: number;
  readonly idleMs: number;
  readonly expiryMarginMs: number;
  readonly onError: (error: HubError, appid: string) => void;
  readonly clock: ClientClock;
  readonly random: () => number;
}

/** What the hub takes for a key. Also keeps line breaks out of a header, whose error would name the value. */
const KEY_FORM = /^[A-Za-z0-9_-]{32,128}$/;
const APPID_FORM = /^[A-Za-z0-9_-]{2,64}$/;
/** Node runs a timer of more at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** @throws {TypeError | RangeError} which names the option, never the key. */
export function settingsOf(options: TokenClientOptions): Settings {
  const { key, tokenFile, onError } = options;
  if (key !== undefined && tokenFile !== undefined)
    throw new TypeError('tokenFile: stands beside key, give one of the two');
  if (tokenFile === '') throw new TypeError('tokenFile: the path of a file is expected');
  if (key !== undefined && !KEY_FORM.test(key)) {
    throw new TypeError('key: a key of the hub is 32 to 128 characters of A-Z, a-z, 0-9, "_" and "-"');
  }
  const timer = (
    name: 'acquireTimeoutMs' | 'requestTimeoutMs' | 'wechatTimeoutMs' | 'idleMs',
    preset: number,
  ) => numberOf(name, options[name], preset, 1, LONGEST_TIMER_MS);
  return {
    hubUrl: baseUrlOf('hubUrl', options.hubUrl),
    key,
    tokenFile,
    wechatUrl: baseUrlOf('wechatUrl', options.wechatUrl ?? 'https://api.weixin.qq.com'),
    fetch: options.fetch,
    tls: options.tls,
    acquireTimeoutMs: timer('acquireTimeoutMs', 10_000),
    requestTimeoutMs: timer('requestTimeoutMs', 8_000),
    wechatTimeoutMs: timer('wechatTimeoutMs', 30_000),
    followWaitSeconds: Math.floor(numberOf('followWaitSeconds', options.followWaitSeconds, 50, 1, 55)),
    idleMs: timer('idleMs', 30 * 60_000),
    expiryMarginMs: numberOf('expiryMarginMs', options.expiryMarginMs, 5_000, 0, 30_000),
    onError: (error, appid) => {
      try {
        onError?.(error, appid);
      } catch {
        // A faulty hook must not end the following of an app.
      }
    },
    clock: options.clock ?? new SystemClock(),
    random: options.random ?? Math.random,
  };
}

/** @throws {TypeError} An appid becomes part of a path: nothing but what the hub itself takes for one. */
export function checkAppid(appid: string): void {
  if (!APPID_FORM.test(appid)) {
    throw new TypeError('appid: 2 to 64 characters of A-Z, a-z, 0-9, "_" and "-" are expected');
  }
}

/** Without a slash at the end. */
function baseUrlOf(name: string, text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new TypeError(`${name}: not a URL`);
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new TypeError(`${name}: https:// or http:// is expected`);
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new TypeError(`${name}: no credentials, query or fragment are expected`);
  }
  return url.origin + url.pathname.replace(/\/+$/, '');
}

function numberOf(
  name: string,
  value: number | undefined,
  preset: number,
  least: number,
  most: number,
): number {
  if (value === undefined) return preset;
  if (typeof value === 'number' && value >= least && value <= most) return value;
  throw new RangeError(`${name}: a number from ${least} to ${most} is expected`);
}
