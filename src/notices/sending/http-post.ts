import { Agent, type Dispatcher } from 'undici';
import type { Clock } from '../../clock/clock.js';
import type { Secret } from '../../core/secret.js';
import { connectorFor } from '../../wechat-client/outbound.js';
import { publicConnectorFor } from '../../wechat-client/public-connector.js';
import type { RobotAnswer } from './robots.js';
import type { Signed } from './signature.js';

/** One call, connect to last byte. Milliseconds. */
const TIMEOUT_MS = 5000;
/** Answers of robots have some 100 bytes; of what is longer the beginning is enough to say that it is none. */
const LONGEST_ANSWER_BYTES = 16 * 1024;
const SOCKETS_PER_ROBOT = 2;

export type PostOutcome =
  | { readonly ok: true; readonly answer: RobotAnswer }
  /** `why`: an error code, never a text that may hold the URL. */
  | { readonly ok: false; readonly why: string };

/** Sends messages, each bounded in time and size. No redirect is followed, no proxy is used but HUB_OUTBOUND_PROXY's. */
export class HttpPost {
  readonly #agent: Agent;
  /** Of the robots of tenants: whatever their names resolve to, nothing inside is called. */
  readonly #publicAgent: Agent;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  #underWay = 0;

  /** @param proxy HUB_OUTBOUND_PROXY. */
  constructor(clock: Clock, proxy?: Secret) {
    this.#clock = clock;
    this.#agent = agentWith(connectorFor(TIMEOUT_MS, proxy));
    this.#publicAgent = agentWith(publicConnectorFor(TIMEOUT_MS, proxy));
  }

  get underWay(): number {
    return this.#underWay;
  }

  /** Never rejects. @param publicOnly see {@link NotifyTarget.publicOnly} */
  async send({ url, headers, body }: Signed, publicOnly = false): Promise<PostOutcome> {
    const late = new AbortController();
    const timer = this.#clock.setTimeout(() => {
      late.abort();
    }, TIMEOUT_MS);
    const signal = AbortSignal.any([late.signal, this.#closing.signal]);
    this.#underWay += 1;
    try {
      const agent = publicOnly ? this.#publicAgent : this.#agent;
      const response = await agent.request(targetOf(url, headers, body, signal));
      const answer = {
        status: response.statusCode,
        body: await beginningOf(response.body),
        retryAfterSeconds: secondsOf(response.headers['retry-after']),
      };
      return { ok: true, answer };
    } catch (error) {
      return { ok: false, why: late.signal.aborted ? 'timeout' : codeOf(error) };
    } finally {
      this.#underWay -= 1;
      this.#clock.clearTimeout(timer);
    }
  }

  /** Calls under way are given up. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#agent.destroy(), this.#publicAgent.destroy()]);
  }
}

function agentWith(connect: ReturnType<typeof connectorFor>): Agent {
  return new Agent({
    connections: SOCKETS_PER_ROBOT,
    keepAliveTimeout: 10_000,
    keepAliveMaxTimeout: 30_000,
    connect,
    // The signal ends a call sooner.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

function targetOf(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Dispatcher.RequestOptions {
  const { origin, pathname, search } = new URL(url);
  return { origin, path: `${pathname}${search}`, method: 'POST', headers: { ...headers }, body, signal };
}

async function beginningOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= LONGEST_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, LONGEST_ANSWER_BYTES).toString('utf8');
}

/** Only the form with seconds: robots send no dates. */
function secondsOf(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,6}$/.test(header) ? Number(header) : undefined;
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(code) ? code : 'failed';
}
