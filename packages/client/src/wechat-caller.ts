import { HubError } from './hub-error.js';
import type { Settings } from './options.js';
import { canSendAgain, deadTokenErrcode, wechatUrlOf } from './wechat-request.js';

/** Where tokens come from, and where dead ones are told. */
export interface TokenSource {
  acquire(appid: string, signal: AbortSignal | undefined): Promise<string>;
  /** Reports `token` as dead; resolves with another one, if there is one. @throws {HubError} */
  replace(appid: string, token: string, errcode: number): Promise<string | undefined>;
}

interface Answer {
  readonly response: Response;
  readonly deadErrcode: number | undefined;
}

/** Calls WeChat with the app's token, and once more with another one if the first is dead. */
export class WechatCaller {
  readonly #settings: Settings;
  readonly #tokens: TokenSource;

  constructor(settings: Settings, tokens: TokenSource) {
    this.#settings = settings;
    this.#tokens = tokens;
  }

  async call(appid: string, path: string, init: RequestInit): Promise<Response> {
    const { wechatUrl } = this.#settings;
    const token = await this.#tokens.acquire(appid, init.signal ?? undefined);
    const first = await this.#send(wechatUrlOf(wechatUrl, path, token), init);
    if (first.deadErrcode === undefined) return first.response;
    const another = await this.#replace(appid, token, first.deadErrcode);
    if (another === undefined || !canSendAgain(init.body)) return first.response;
    // Unread, it would hold its connection.
    first.response.body?.cancel().catch(() => undefined);
    return (await this.#send(wechatUrlOf(wechatUrl, path, another), init)).response;
  }

  /** A report that fails is no failure of the call: the caller gets WeChat's own words, as without this library. */
  async #replace(appid: string, token: string, errcode: number): Promise<string | undefined> {
    try {
      return await this.#tokens.replace(appid, token, errcode);
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      this.#settings.onError(error, appid);
      return undefined;
    }
  }

  /** The time limit ends with the look at the answer; the caller reads the body without one, or under its own signal. */
  async #send(url: string, init: RequestInit): Promise<Answer> {
    const { clock, wechatTimeoutMs, fetch = globalThis.fetch } = this.#settings;
    const late = new AbortController();
    const timer = clock.setTimeout(
      () => {
        late.abort(new DOMException(`No answer from WeChat within ${wechatTimeoutMs} ms.`, 'TimeoutError'));
      },
      wechatTimeoutMs,
      true,
    );
    const signal = init.signal ? AbortSignal.any([init.signal, late.signal]) : late.signal;
    try {
      const response = await fetch(url, { ...init, signal });
      return { response, deadErrcode: await deadTokenErrcode(response) };
    } finally {
      clock.clearTimeout(timer);
    }
  }
}
