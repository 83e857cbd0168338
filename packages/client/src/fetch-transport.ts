import { readText } from './read-text.js';
import {
  AnswerTooLong,
  LONGEST_ANSWER_BYTES,
  type HubRequest,
  type HubResponse,
  type HubTransport,
} from './transport.js';

/** What the library uses of `fetch`. */
export type FetchLike = (url: string, init: RequestInit) => Promise<Response>;

/** The hub by a `fetch` of the caller's: for proxies, tracing, tests. Its sockets keep the process alive. */
export class FetchTransport implements HubTransport {
  readonly #fetch: FetchLike;

  constructor(fetch: FetchLike) {
    this.#fetch = fetch;
  }

  async send({ method, url, headers, body, signal }: HubRequest): Promise<HubResponse> {
    const response = await this.#fetch(url, {
      method,
      headers: { ...headers },
      redirect: 'manual',
      signal,
      ...(body === undefined ? {} : { body }),
    });
    const text = await readText(response.body, LONGEST_ANSWER_BYTES);
    if (text === undefined) throw new AnswerTooLong();
    return {
      status: response.status,
      header: (name) => response.headers.get(name) ?? undefined,
      body: text,
    };
  }

  close(): void {
    // The connections are the caller's.
  }
}
