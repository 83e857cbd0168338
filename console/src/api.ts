import type {
  AppAnswer,
  ClientsAnswer,
  FailingRefreshedAnswer,
  LiveAnswer,
  Problem,
  QuotaAnswer,
  QuotaClearedAnswer,
  RefreshedAnswer,
  ReloadedAnswer,
  RidAnswer,
} from '../../src/console/wire.js';
import type { Texts } from './texts/en.js';

/** No answer of this API takes longer, but one that waits for WeChat. */
const READ_LIMIT_MS = 10_000;
const ACT_LIMIT_MS = 60_000;

/** An answer other than success, or none. */
export class ApiError extends Error {
  constructor(
    /** HTTP; 0: no answer. */
    readonly status: number,
    /** Of the hub's own set; '' where the answer was none of the hub. */
    readonly code: string,
    readonly detail: string,
    readonly requestId: string,
    readonly retryAfterSeconds: number,
    readonly problems: readonly Problem[],
    /** WeChat's own, where it refused. */
    readonly errcode?: number,
  ) {
    super(code);
  }

  /** In the reader's language. */
  text({ errors }: Texts): string {
    switch (this.code) {
      case 'HUB_UNAUTHENTICATED':
      case 'HUB_NOT_GRANTED':
      case 'HUB_UPSTREAM_FAILED':
      case 'HUB_TOKEN_UNAVAILABLE':
        return errors[this.code];
      case 'HUB_IP_NOT_ALLOWED':
        return errors.HUB_IP_NOT_ALLOWED(/address (\S+) is/.exec(this.detail)?.[1] ?? '?');
      case 'HUB_RATE_LIMITED':
        return errors.HUB_RATE_LIMITED(this.retryAfterSeconds);
      default:
        return this.status === 0 ? errors.network : errors.other(this.status, this.requestId);
    }
  }
}

/** The console's API with one key, or without one where the hub lets anybody read. */
export class Api {
  constructor(readonly key: string | undefined) {}

  live(cursor: string): Promise<LiveAnswer> {
    return this.#get(`live?after=${encodeURIComponent(cursor)}`);
  }

  clients(): Promise<ClientsAnswer> {
    return this.#get('clients');
  }

  app(appid: string): Promise<AppAnswer> {
    return this.#get(`apps/${encodeURIComponent(appid)}`);
  }

  refresh(appid: string, force: boolean): Promise<RefreshedAnswer> {
    return this.#post(`apps/${encodeURIComponent(appid)}/refresh`, { force });
  }

  refreshFailing(reason: string | undefined): Promise<FailingRefreshedAnswer> {
    return this.#post('refresh', { failing: true, ...(reason === undefined ? {} : { reason }) });
  }

  quota(appid: string, path: string): Promise<QuotaAnswer> {
    return this.#get(`apps/${encodeURIComponent(appid)}/quota?path=${encodeURIComponent(path)}`);
  }

  clearQuota(appid: string): Promise<QuotaClearedAnswer> {
    return this.#post(`apps/${encodeURIComponent(appid)}/quota/clear`, {});
  }

  rid(appid: string, rid: string): Promise<RidAnswer> {
    return this.#get(`apps/${encodeURIComponent(appid)}/rid/${encodeURIComponent(rid)}`);
  }

  reload(): Promise<ReloadedAnswer> {
    return this.#post('reload', {});
  }

  #get<Answer>(path: string): Promise<Answer> {
    return this.#send(path, {}, READ_LIMIT_MS);
  }

  #post<Answer>(path: string, body: object): Promise<Answer> {
    const headers = { 'content-type': 'application/json' };
    return this.#send(path, { method: 'POST', headers, body: JSON.stringify(body) }, ACT_LIMIT_MS);
  }

  async #send<Answer>(path: string, init: RequestInit, limitMs: number): Promise<Answer> {
    const headers = new Headers(init.headers);
    if (this.key !== undefined) headers.set('authorization', `Bearer ${this.key}`);
    const signal = AbortSignal.timeout(limitMs);
    let response: Response;
    let body: unknown;
    try {
      response = await fetch(`/console/api/${path}`, {
        ...init,
        headers,
        signal,
        credentials: 'omit',
        redirect: 'error',
      });
      body = await response.json();
    } catch {
      throw new ApiError(0, '', '', '', 0, []);
    }
    if (!response.ok) throw errorOf(response, body);
    // The hub's own answers, of the types that both sides compile against.
    return body as Answer;
  }
}

function errorOf({ status, headers }: Response, body: unknown): ApiError {
  const { code, detail, requestId, problems, wechat } = (body ?? {}) as Partial<Record<string, unknown>>;
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return new ApiError(
    status,
    text(code),
    text(detail),
    text(requestId),
    Number(headers.get('retry-after') ?? 0),
    Array.isArray(problems) ? (problems as Problem[]) : [],
    (wechat as { errcode?: number } | undefined)?.errcode,
  );
}
