import { readFile } from 'node:fs/promises';
import type { TokenGrant } from './held-token.js';
import {
  badAnswer,
  errorOf,
  parseJson,
  parseReport,
  parseSignature,
  parseTicket,
  parseToken,
  type JssdkSignature,
  type ReportOutcome,
  type TicketAnswer,
} from './hub-answers.js';
import { HubError } from './hub-error.js';
import type { Settings } from './options.js';
import { AnswerTooLong, type HubResponse, type HubTransport } from './transport.js';

export type TicketType = 'jsapi' | 'wx_card';

export interface ReportGrant extends TokenGrant {
  readonly outcome: ReportOutcome;
}

export interface TicketGrant extends TicketAnswer {
  readonly sentAt: number;
}

/** With `version`: only a newer token is of interest, and the hub may take `waitSeconds` to find one. */
export interface TokenQuestion {
  readonly version?: number;
  readonly waitSeconds?: number;
  /** Ends the request. */
  readonly signal: AbortSignal;
}

const TIMED_OUT = Symbol('timed out');

interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Beside the library's own end. */
  readonly signal?: AbortSignal;
  /** On top of the usual time limit. */
  readonly extraMs?: number;
  /** Whether somebody waits: then the process must not end before the answer. */
  readonly awaited: boolean;
  /** Secrets in the body, which no error may repeat. */
  readonly secrets?: readonly string[];
}

/** The hub's endpoints: one request each, bounded in time, errors as HubError. Keeps no state. */
export class HubApi {
  readonly #settings: Settings;
  readonly #transport: HubTransport;
  readonly #underWay = new Set<AbortController>();
  #closed = false;

  constructor(settings: Settings, transport: HubTransport) {
    this.#settings = settings;
    this.#transport = transport;
  }

  /** `undefined`: the version is still the current one. */
  async token(appid: string, question: TokenQuestion): Promise<TokenGrant | undefined> {
    const { version, waitSeconds = 0, signal } = question;
    const sentAt = this.#settings.clock.now();
    const response = await this.#call({
      method: 'GET',
      path: `/v1/apps/${appid}/token`,
      headers: {
        ...(version === undefined ? {} : { 'if-none-match': `"${version}"` }),
        ...(waitSeconds > 0 ? { prefer: `wait=${waitSeconds}` } : {}),
      },
      signal,
      extraMs: waitSeconds * 1000,
      awaited: false,
    });
    if (response.status === 304 && version !== undefined) return undefined;
    return { ...parseToken(this.#body(response)), sentAt };
  }

  async reject(appid: string, token: string, errcode: number | undefined): Promise<ReportGrant> {
    const sentAt = this.#settings.clock.now();
    const response = await this.#call({
      method: 'POST',
      path: `/v1/apps/${appid}/token/reject`,
      body: { access_token: token, ...(errcode === undefined ? {} : { errcode }) },
      awaited: true,
      secrets: [token],
    });
    return { ...parseReport(this.#body(response, [token])), sentAt };
  }

  async ticket(appid: string, type: TicketType): Promise<TicketGrant> {
    const sentAt = this.#settings.clock.now();
    const response = await this.#call({
      method: 'GET',
      path: `/v1/apps/${appid}/tickets/${type}`,
      awaited: true,
    });
    return { ...parseTicket(this.#body(response)), sentAt };
  }

  async jssdkSignature(appid: string, url: string): Promise<JssdkSignature> {
    const response = await this.#call({
      method: 'POST',
      path: `/v1/apps/${appid}/jssdk-signature`,
      body: { url },
      awaited: true,
    });
    return parseSignature(this.#body(response));
  }

  /** Ends what is under way; nothing is sent any more. */
  close(): void {
    this.#closed = true;
    for (const cut of this.#underWay) cut.abort();
    this.#transport.close();
  }

  #body(response: HubResponse, secrets: readonly string[] = []): unknown {
    if (response.status === 200) return parseJson(response);
    throw errorOf(response, (text) => this.#scrub(text, secrets), Date.now());
  }

  #scrub(text: string, secrets: readonly string[]): string {
    let clean = text;
    for (const secret of [this.#settings.key, ...secrets]) {
      if (secret !== undefined && secret !== '') clean = clean.replaceAll(secret, '[redacted]');
    }
    return clean;
  }

  /**
   * Bounded whatever the transport does: one that ignores its signal (an injected fetch may) is left behind.
   * Of a failure only the code is taken over: what a transport writes into its messages is not known.
   */
  async #call(call: Call): Promise<HubResponse> {
    const { clock, requestTimeoutMs } = this.#settings;
    const limitMs = requestTimeoutMs + (call.extraMs ?? 0);
    const cut = new AbortController();
    const end = (): void => {
      cut.abort();
    };
    if (this.#closed || call.signal?.aborted === true) end();
    call.signal?.addEventListener('abort', end, { once: true });
    this.#underWay.add(cut);
    const timer = clock.setTimeout(
      () => {
        cut.abort(TIMED_OUT);
      },
      limitMs,
      call.awaited,
    );
    try {
      return await orAborted(this.#send(call, cut.signal), cut.signal);
    } catch (error) {
      if (cut.signal.reason === TIMED_OUT)
        throw new HubError('HUB_TIMEOUT', `No answer from the hub within ${limitMs} ms.`);
      if (cut.signal.aborted) throw new HubError('HUB_CLIENT_CLOSED', 'The request was ended by the client.');
      if (error instanceof AnswerTooLong) throw badAnswer();
      if (error instanceof HubError) throw error;
      throw new HubError('HUB_UNREACHABLE', `The hub cannot be reached${causeOf(error)}.`);
    } finally {
      clock.clearTimeout(timer);
      call.signal?.removeEventListener('abort', end);
      this.#underWay.delete(cut);
    }
  }

  async #send(call: Call, signal: AbortSignal): Promise<HubResponse> {
    signal.throwIfAborted();
    const { hubUrl, key, tokenFile } = this.#settings;
    const credential = tokenFile === undefined ? key : await tokenIn(tokenFile);
    signal.throwIfAborted();
    return this.#transport.send({
      method: call.method,
      url: hubUrl + call.path,
      headers: {
        accept: 'application/json',
        'user-agent': 'wechat-token-hub-client',
        ...(credential === undefined ? {} : { authorization: `Bearer ${credential}` }),
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...call.headers,
      },
      body: call.body === undefined ? undefined : JSON.stringify(call.body),
      signal,
    });
  }
}

/** The token of now. What the file holds is in no error. */
async function tokenIn(file: string): Promise<string> {
  let text: string;
  try {
    text = (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new HubError('HUB_TOKEN_FILE', `The tokenFile cannot be read${causeOf(error)}: ${file}`);
  }
  // Also keeps line breaks out of a header, whose error would name the value.
  if (!/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(text))
    throw new HubError('HUB_TOKEN_FILE', `The tokenFile holds no token (JWT): ${file}`);
  return text;
}

function orAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener(
      'abort',
      () => {
        reject(new Error('aborted'));
      },
      { once: true },
    );
    answer.then(resolve, reject);
  });
}

/** ` (ECONNREFUSED)`, of Node's errors and of fetch's, which carry it in their cause. */
function causeOf(error: unknown): string {
  let at = error;
  for (let depth = 0; typeof at === 'object' && at !== null && depth < 3; depth++) {
    const { code, cause } = at as { code?: unknown; cause?: unknown };
    at = cause;
    if (typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code)) return ` (${code})`;
  }
  return '';
}
