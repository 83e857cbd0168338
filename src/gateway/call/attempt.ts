import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { UpstreamError } from '../../core/upstream.js';
import { failureOf } from '../../wechat-client/transport-failure.js';
import { courseOf, LARGEST_LOOKED_INTO_BYTES, saysTokenIsDead, type Course } from '../rules/answer.js';
import { headerOf, headersOfUnpacked, headersToCaller } from '../rules/headers.js';
import type { AnswerHead, AnswerSink } from './answer-sink.js';
import { blanked, Blanking, holdsAny } from './blanking.js';
import type { TokenSpellings } from './token-spellings.js';
import { looksPacked, OF_ANSWER, saysPacked, unpackings } from './unpackings.js';

/** An answer that says that the token is dead, held back. */
export interface HeldAnswer {
  readonly head: AnswerHead;
  readonly body: Buffer;
}

export type AttemptEnd =
  /** The caller has the whole answer, or will have as soon as it reads it. */
  | { readonly kind: 'relayed' }
  | { readonly kind: 'token_is_dead'; readonly answer: HeldAnswer }
  /** The caller has nothing yet. `isStale`: the connection had served before, and ended before a byte of an answer came. */
  | { readonly kind: 'failed'; readonly error: UpstreamError; readonly isStale: boolean }
  /** The caller has nothing yet: the answer is packed and long, and holds the token. */
  | { readonly kind: 'withheld' }
  /** The caller has a part. */
  | { readonly kind: 'cut' };

export interface AttemptEvents {
  ended(end: AttemptEnd): void;
  /** WeChat moved. */
  moved(): void;
  /** A small answer, as it was read; bytes as Latin-1. */
  answered(text: string): void;
}

/** An answer whose head is not passed on yet. */
interface Peek {
  readonly head: AnswerHead;
  readonly raw: readonly string[];
  /** `undefined`: nothing of the body has come. */
  course: Course | undefined;
  readonly chunks: Buffer[];
  bytes: number;
}

/** So much of what is packed is unpacked to look into it, where all that is held would become too much. */
const FIRST_PACKED_BYTES = 2048;

/**
 * One call to WeChat, as undici tells of it; its answer goes to the sink as it comes. Where it may say that the token
 * is dead it is held back until that is known, at most 64 KiB of it; and the token never goes back in it.
 */
export class Attempt implements Dispatcher.DispatchHandler {
  readonly #blanking: Blanking;
  #controller: Dispatcher.DispatchController | undefined;
  #peek: Peek | undefined;
  #answered = false;
  #headPassed = false;
  #ended = false;
  #aborted: Error | undefined;
  #onUsedConnection = false;

  /** @param looksForDeadToken `false`: whatever WeChat says is the answer. */
  constructor(
    private readonly sink: AnswerSink,
    private readonly looksForDeadToken: boolean,
    private readonly token: TokenSpellings,
    private readonly events: AttemptEvents,
  ) {
    this.#blanking = new Blanking(token.bytes);
  }

  /** Gives the call up. It ends at once, and the connection with it. */
  abort(reason: Error): void {
    if (this.#ended) return;
    this.#aborted = reason;
    this.#controller?.abort(reason);
    // Without a connection undici has nothing to abort: it is told when it has one.
    this.#fail(reason);
  }

  /** The connection that the call is sent on has had answers before. */
  onUsedConnection(): void {
    this.#onUsedConnection = true;
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
    this.#answered = true;
    this.events.moved();
    if (status < 200 || this.#ended) return;
    const raw = flat(headers);
    const head = { status, headers: headersToCaller(raw, this.token.secrets) };
    this.#peek = { head, raw, course: undefined, chunks: [], bytes: 0 };
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#ended || chunk.length === 0) return;
    this.events.moved();
    const peek = this.#peek;
    if (peek === undefined) {
      this.#write(controller, chunk);
      return;
    }
    peek.course ??= courseOfAnswer(peek, chunk);
    peek.chunks.push(chunk);
    peek.bytes += chunk.length;
    if (peek.course !== 'streams' && peek.bytes <= LARGEST_LOOKED_INTO_BYTES) return;
    if (peek.course === 'packed' && this.#holdsToken(peek)) {
      this.#end({ kind: 'withheld' });
      controller.abort(new Error('withheld'));
      return;
    }
    this.#peek = undefined;
    this.#headPassed = true;
    this.sink.head(peek.head);
    for (const held of peek.chunks) this.#write(controller, held);
  }

  onResponseEnd(): void {
    if (this.#ended) return;
    if (this.#peek === undefined) {
      const rest = this.#blanking.rest();
      if (rest.length > 0) this.sink.write(rest, () => undefined);
      this.sink.end();
    } else {
      const answer = this.#whole(this.#peek);
      if (answer.isAboutDeadToken && this.looksForDeadToken) {
        this.#end({ kind: 'token_is_dead', answer });
        return;
      }
      this.sink.whole(answer.head, answer.body);
    }
    this.#end({ kind: 'relayed' });
  }

  onResponseError(_controller: unknown, error: unknown): void {
    this.#fail(error);
  }

  /** All of a small answer, without the token. */
  #whole({ head, raw, chunks, course }: Peek): HeldAnswer & { readonly isAboutDeadToken: boolean } {
    const [only] = chunks;
    const body = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
    if (course !== 'packed') {
      const text = body.toString('latin1');
      this.events.answered(text);
      const isAboutDeadToken = saysTokenIsDead(text);
      return { head, body: blanked(body, this.token.bytes), isAboutDeadToken };
    }
    const unpacked = unpackings(body, headerOf(raw, 'content-encoding'), OF_ANSWER);
    // Some say that they are packed, and are not.
    const texts = [body, ...unpacked].map((one) => one.toString('latin1'));
    for (const text of texts) this.events.answered(text);
    const isAboutDeadToken = texts.some(saysTokenIsDead);
    const telling = unpacked.find((one) => holdsAny(one, this.token.bytes));
    if (telling === undefined) return { head, body: blanked(body, this.token.bytes), isAboutDeadToken };
    const { status, headers } = head;
    const clean = { status, headers: headersOfUnpacked(headers, telling.length) };
    return { head: clean, body: blanked(telling, this.token.bytes), isAboutDeadToken };
  }

  #holdsToken({ chunks, raw }: Peek): boolean {
    const start = Buffer.concat(chunks);
    const label = headerOf(raw, 'content-encoding');
    return [start, start.subarray(0, FIRST_PACKED_BYTES)].some((bytes) =>
      unpackings(bytes, label, OF_ANSWER).some((one) => holdsAny(one, this.token.bytes)),
    );
  }

  #write(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const ready = this.#blanking.next(chunk);
    if (ready.length === 0) return;
    const goesOn = this.sink.write(ready, () => {
      controller.resume();
    });
    if (!goesOn) controller.pause();
  }

  #fail(error: unknown): void {
    if (this.#headPassed) {
      this.#end({ kind: 'cut' });
      return;
    }
    const isStale = this.#onUsedConnection && !this.#answered && this.#aborted === undefined;
    this.#end({ kind: 'failed', error: failureOf(error, this.#controller !== undefined), isStale });
  }

  #end(end: AttemptEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#peek = undefined;
    this.events.ended(end);
  }
}

function courseOfAnswer({ head, raw }: Peek, start: Buffer): Course {
  const isPacked = looksPacked(start) || saysPacked(headerOf(raw, 'content-encoding'));
  return courseOf(head.status, raw, start, isPacked);
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
