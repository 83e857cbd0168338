import type { IncomingHttpHeaders } from 'node:http';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import type { Dispatcher } from 'undici';
import {
  codingOf,
  DEAD_TOKEN_DIGITS,
  isLookedInto,
  LARGEST_LOOKED_INTO_BYTES,
  mayBeginObject,
  saysTokenIsDead,
  type ContentCoding,
} from '../rules/answer.js';
import { headerOf, headersToCaller } from '../rules/headers.js';
import type { UpstreamError } from '../../core/upstream.js';
import { failureOf } from '../../wechat-client/transport-failure.js';
import type { AnswerHead, AnswerSink } from './answer-sink.js';

/** An answer that says that the token is dead, held back. */
export interface HeldAnswer {
  readonly head: AnswerHead;
  readonly body: Buffer;
}

export type AttemptEnd =
  /** The caller has the whole answer, or will have as soon as it reads it. */
  | { readonly kind: 'relayed' }
  | { readonly kind: 'token_is_dead'; readonly answer: HeldAnswer }
  /** The caller has nothing yet. */
  | { readonly kind: 'failed'; readonly error: UpstreamError }
  /** The caller has a part. */
  | { readonly kind: 'cut' };

export interface AttemptEvents {
  ended(end: AttemptEnd): void;
  /** WeChat moved. */
  moved(): void;
}

interface Peek {
  readonly head: AnswerHead;
  readonly coding: ContentCoding;
  readonly chunks: Buffer[];
  bytes: number;
}

/**
 * One call to WeChat, as undici tells of it; its answer goes to the sink as it comes. Where it may say that the token
 * is dead it is held back until that is known, at most 64 KiB of it.
 */
export class Attempt implements Dispatcher.DispatchHandler {
  #controller: Dispatcher.DispatchController | undefined;
  #peek: Peek | undefined;
  #headPassed = false;
  #ended = false;
  #aborted: Error | undefined;

  /**
   * @param looksInto `false`: whatever WeChat says is the answer.
   * @param secrets the spellings of the token in use.
   */
  constructor(
    private readonly sink: AnswerSink,
    private readonly looksInto: boolean,
    private readonly secrets: readonly string[],
    private readonly events: AttemptEvents,
  ) {}

  /** Gives the call up. It ends at once, and the connection with it. */
  abort(reason: Error): void {
    if (this.#ended) return;
    this.#aborted = reason;
    this.#controller?.abort(reason);
    // Without a connection undici has nothing to abort: it is told when it has one.
    this.#fail(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // A second time: undici would repeat a call whose connection broke, which is not its business.
    if (this.#aborted !== undefined || this.#controller !== undefined) {
      controller.abort(this.#aborted ?? new Error('sent already'));
    } else {
      this.#controller = controller;
    }
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    this.events.moved();
    if (status < 200 || this.#ended) return;
    const raw = flat(headers);
    const head = { status, headers: headersToCaller(raw, this.secrets) };
    const coding = codingOf(headerOf(raw, 'content-encoding'));
    if (this.looksInto && coding !== undefined && isLookedInto(status, raw)) {
      this.#peek = { head, coding, chunks: [], bytes: 0 };
    } else {
      this.#pass(head);
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#ended) return;
    this.events.moved();
    const peek = this.#peek;
    if (peek === undefined) {
      this.#write(controller, chunk);
      return;
    }
    const isFirst = peek.bytes === 0;
    peek.chunks.push(chunk);
    peek.bytes += chunk.length;
    const isNoObject = isFirst && peek.coding === 'identity' && !mayBeginObject(chunk);
    if (!isNoObject && peek.bytes <= LARGEST_LOOKED_INTO_BYTES) return;
    this.#peek = undefined;
    this.#pass(peek.head);
    for (const held of peek.chunks) this.#write(controller, held);
  }

  onResponseEnd(): void {
    if (this.#ended) return;
    const peek = this.#peek;
    if (peek === undefined) {
      this.sink.end();
    } else {
      const [only] = peek.chunks;
      const body = peek.chunks.length === 1 && only !== undefined ? only : Buffer.concat(peek.chunks);
      if (isAboutDeadToken(body, peek.coding)) {
        this.#end({ kind: 'token_is_dead', answer: { head: peek.head, body } });
        return;
      }
      this.sink.whole(peek.head, body);
    }
    this.#end({ kind: 'relayed' });
  }

  onResponseError(_controller: unknown, error: unknown): void {
    this.#fail(error);
  }

  #pass(head: AnswerHead): void {
    this.#headPassed = true;
    this.sink.head(head);
  }

  #write(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const goesOn = this.sink.write(chunk, () => {
      controller.resume();
    });
    if (!goesOn) controller.pause();
  }

  #fail(error: unknown): void {
    if (this.#headPassed) this.#end({ kind: 'cut' });
    else this.#end({ kind: 'failed', error: failureOf(error, this.#controller !== undefined) });
  }

  #end(end: AttemptEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#peek = undefined;
    this.events.ended(end);
  }
}

/** undici reads header bytes as Latin-1: they stay what they are when they are written again. */
function flat(headers: IncomingHttpHeaders): string[] {
  const raw: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') raw.push(name, value);
    else for (const one of value ?? []) raw.push(name, one);
  }
  return raw;
}

function isAboutDeadToken(body: Buffer, coding: ContentCoding): boolean {
  // The digits are the same in all encodings of text; nearly always there are none.
  if (coding === 'identity' && !DEAD_TOKEN_DIGITS.test(body.toString('latin1'))) return false;
  return saysTokenIsDead(plainText(body, coding));
}

/** Of a body that says that a token is dead some hundred characters; what unpacks to more says something else. */
function plainText(body: Buffer, coding: ContentCoding): string {
  const limit = { maxOutputLength: LARGEST_LOOKED_INTO_BYTES };
  try {
    switch (coding) {
      case 'identity':
        return body.toString('utf8');
      case 'gzip':
        return gunzipSync(body, limit).toString('utf8');
      case 'deflate':
        return inflateSync(body, limit).toString('utf8');
      case 'br':
        return brotliDecompressSync(body, limit).toString('utf8');
    }
  } catch {
    return '';
  }
}
