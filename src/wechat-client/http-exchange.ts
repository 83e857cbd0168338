import { Pool, type Dispatcher } from 'undici';

import type { Clock } from '../clock/clock.js';
import type { Secret } from '../core/secret.js';
import type { UpstreamError } from '../core/upstream.js';
import { describeFailure } from '../core/wechat-error.js';
import { connectorFor } from './outbound.js';
import { failureOf } from './transport-failure.js';

/** WeChat's answers have some 300 bytes, the longest (getcallbackip) a few thousand. */
const LARGEST_BODY_BYTES = 64 * 1024;
/**
 * How long an idle connection is kept, milliseconds: over the retries of a failing app (5 s) and the bursts of many
 * apps, but shorter than NAT gateways and WeChat's servers keep theirs, as a stale one costs a failed call. undici
 * follows a server's own Keep-Alive hint, 2 s less, up to the maximum.
 */
const KEEP_ALIVE_MS = 10_000;
const KEEP_ALIVE_MAX_MS = 30_000;

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query, from the `/` on. May hold secrets: never part of an error. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly ok: true;
  readonly status: number;
  /** Empty where the status is not 200: it is not read then. */
  readonly body: string;
  /** Hub's clock, epoch ms. */
  readonly sentAt: number;
}

export type HttpOutcome = HttpAnswer | { readonly ok: false; readonly error: UpstreamError };

/**
 * HTTP calls to one origin, each bounded in time and size.
 *
 * - The limit of time runs on the hub's clock from before the connection to the last byte. When it is over, the call
 *   has ended for the caller, whatever undici still does; a request that had no connection until then is not sent.
 * - A request is sent once: no retry, no redirect, and no proxy but HUB_OUTBOUND_PROXY's.
 * - As many connections as calls; a call never queues behind another.
 */
export class HttpExchange {
  readonly #pool: Pool;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #underWay = new Set<Call>();
  #closed: Promise<void> | undefined;

  /**
   * @param timeoutMs of one call, by `clock`.
   * @param proxy through which calls go; `undefined`: none.
   */
  constructor(origin: string, timeoutMs: number, clock: Clock, proxy: Secret | undefined) {
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#pool = new Pool(origin, {
      connections: null,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
      // Connecting is the one phase that cannot be aborted: undici gives it up up to a second after this.
      connect: connectorFor(timeoutMs, proxy),
      // Real time, per phase: ours is the whole call on the hub's clock.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  async call(request: HttpRequest): Promise<HttpOutcome> {
    if (this.#closed !== undefined) {
      return { ok: false, error: describeFailure('internal', 'the hub is shutting down', false) };
    }
    const call = new Call(this.#clock, this.#timeoutMs);
    this.#underWay.add(call);
    try {
      this.#start(request, call);
      return await call.outcome;
    } finally {
      this.#underWay.delete(call);
    }
  }

  /** Ends the calls under way, as failed. */
  giveUp(): void {
    for (const call of [...this.#underWay]) call.giveUp();
  }

  /**
   * No new calls; resolves when those under way have ended, and closes the connections. One still being made cannot
   * be stopped: it goes when undici gives it up.
   */
  close(): Promise<void> {
    this.#closed ??= Promise.all([...this.#underWay].map(({ outcome }) => outcome)).then(() =>
      this.#pool.destroy(),
    );
    return this.#closed;
  }

  #start({ method, path, headers, body }: HttpRequest, call: Call): void {
    try {
      this.#pool.dispatch({ method, path, headers: { ...headers }, body: body ?? null }, call);
    } catch (error) {
      call.onResponseError(undefined, error);
    }
  }
}

/** One call, as undici tells of it. Settles once; what comes later is of no interest. */
class Call implements Dispatcher.DispatchHandler {
  readonly outcome: Promise<HttpOutcome>;
  readonly #sentAt: number;
  readonly #timeoutMs: number;
  readonly #settle: (outcome: HttpOutcome) => void;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  /** Final statuses only, not 100 Continue and the like. */
  #status = 0;
  #settled = false;
  /** From then on WeChat may act on the request. Set by undici's telling that it writes it to an open connection. */
  #connection: Dispatcher.DispatchController | undefined;

  constructor(clock: Clock, timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    const timer = clock.setTimeout(() => {
      this.#timeOut();
    }, timeoutMs);
    let resolve: (outcome: HttpOutcome) => void = () => undefined;
    this.outcome = new Promise((settle) => {
      resolve = settle;
    });
    this.#settle = (outcome) => {
      if (this.#settled) return;
      this.#settled = true;
      clock.clearTimeout(timer);
      resolve(outcome);
    };
    this.#sentAt = clock.now();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Too late, or undici would send it a second time.
    if (this.#settled || this.#connection !== undefined) {
      controller.abort(new Error('given up'));
    } else {
      this.#connection = controller;
    }
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    if (status < 200) return;
    this.#status = status;
    if (status !== 200) {
      this.#succeed();
      this.#hangUp();
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes <= LARGEST_BODY_BYTES) {
      this.#chunks.push(chunk);
    } else {
      this.#fail(describeFailure('too_large', `more than ${LARGEST_BODY_BYTES} bytes`));
      this.#hangUp();
    }
  }

  onResponseEnd(): void {
    this.#succeed();
  }

  onResponseError(_controller: unknown, error: unknown): void {
    this.#fail(failureOf(error, this.#connection !== undefined));
  }

  giveUp(): void {
    this.#fail(describeFailure('internal', 'the hub is shutting down', this.#connection !== undefined));
    this.#hangUp();
  }

  #timeOut(): void {
    const sent = this.#connection !== undefined;
    const missing = this.#status !== 0 ? 'end of the answer' : sent ? 'answer' : 'connection';
    this.#fail(describeFailure('timeout', `no ${missing} within ${this.#timeoutMs} ms`, sent));
    this.#hangUp();
  }

  #hangUp(): void {
    this.#connection?.abort(new Error('given up'));
  }

  #succeed(): void {
    const body = Buffer.concat(this.#chunks).toString('utf8');
    this.#settle({ ok: true, status: this.#status, body, sentAt: this.#sentAt });
  }

  #fail(error: UpstreamError): void {
    this.#settle({ ok: false, error });
  }
}
