import { repeatsAfter } from '../rules/answer.js';
import { headersToUpstream } from '../rules/headers.js';
import { withAccessToken } from '../rules/query.js';
import type { Holder } from '../../core/fair-shares.js';
import type { Secret } from '../../core/secret.js';
import type { GatewayOutcome, Reporter } from '../../events/hub-events.js';
import { actorOf } from '../../web/app-request.js';
import { CallerWatch, isGone, whileThere } from '../../web/caller.js';
import type { HubException } from '../../web/hub-exception.js';
import { unavailable } from '../../web/unavailable.js';
import { CallerSink } from './answer-sink.js';
import { Attempt, type AttemptEnd, type HeldAnswer } from './attempt.js';
import type { WatchedCall } from './calls-under-way.js';
import type { GatewayParts, Order } from './gateway-order.js';
import { Silence } from './silence.js';
import { spellingsOf } from './token-spellings.js';
import { endedBy, upstreamFailed, withheld, type EndedBy } from './failures.js';
import { Upload } from './upload.js';

/**
 * One request through the gateway, from the token to the end of the caller's response:
 *
 * - the call with the current token; its answer streams to the caller;
 * - if WeChat says that the token is dead: report, and once more with the live one;
 * - whoever goes away, falls silent or sends too much ends both sides at once.
 */
export class GatewayCall implements WatchedCall {
  place = -1;
  readonly #silence: Silence;
  readonly #sink: CallerSink;
  readonly #upload: Upload | undefined;
  #attempt: Attempt | undefined;
  #ended: EndedBy | undefined;
  /** The caller was told of a failure, in one way or the other. */
  #failed: GatewayOutcome | undefined;
  #repeated = false;

  constructor(
    private readonly parts: GatewayParts,
    private readonly order: Order,
    readonly holder: Holder,
  ) {
    const { request, reply } = order;
    const waiting = (forCaller: boolean): void => {
      this.#silence.waitFor(forCaller ? 'caller' : 'upstream');
    };
    this.#silence = new Silence(parts.timeoutMs);
    this.#sink = new CallerSink(reply, waiting, () => parts.upstream.closing);
    this.#upload = Upload.of(request.raw, parts.heldBytes.of(holder), {
      waiting,
      tooLarge: () => {
        this.#giveUp('too_large');
      },
      noRoom: () => {
        this.#giveUp('no_room');
      },
    });
    new CallerWatch(reply, () => {
      this.#onOver();
    });
  }

  look(now: number): void {
    const silent = this.#silence.at(now);
    if (silent === 'upstream') this.#giveUp('silent');
    // The one who is silent would not read an error either.
    else if (silent === 'caller') this.#sink.cut();
  }

  /** The hub shuts down and cannot wait any longer. */
  end(): void {
    this.#giveUp('shutdown');
  }

  /** Never rejects. */
  async run(token: Secret): Promise<void> {
    try {
      // Without a body nothing is waited for: the call leaves in this turn of the event loop.
      const inUse = this.#upload === undefined ? token : await this.#tokenAfterLook(this.#upload);
      if (this.#ended !== undefined) return;
      let first = await this.#call(inUse, true);
      if (first.kind === 'failed' && first.isStale && this.#mayGoTwice())
        first = await this.#call(inUse, true);
      if (first.kind === 'token_is_dead') await this.#secondTry(inUse, first.answer);
      else this.#settle(first);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The token to call with, once a small body has come and been looked into. @throws {HubException} */
  async #tokenAfterLook(upload: Upload): Promise<Secret> {
    const small = await upload.small();
    if (small !== undefined) this.order.lookInto(small);
    this.order.checkAgain();
    const reading = this.parts.cache.read(this.order.appid);
    if (reading?.kind !== 'held') throw unavailable(reading);
    return reading.held.value;
  }

  async #secondTry(used: Secret, answer: HeldAnswer): Promise<void> {
    if (this.#upload?.repeatable === false) {
      this.#pass(answer);
      void this.parts.tokenReports.report(this.order.appid, used, this.#reporter());
      return;
    }
    this.#silence.waitFor('hub');
    const token = await this.#tokenAfter(used);
    if (this.#ended !== undefined) return;
    if (token === undefined) {
      this.#pass(answer);
      return;
    }
    this.order.checkAgain();
    this.#repeated = true;
    this.#settle(await this.#call(token, false));
  }

  /** The token to repeat the call with, if it is worth it. */
  async #tokenAfter(used: Secret): Promise<Secret | undefined> {
    const { cache, tokenReports } = this.parts;
    const { appid, reply } = this.order;
    const outcome = await tokenReports.report(appid, used, this.#reporter());
    if (cache.read(appid)?.kind === 'pending') {
      await whileThere(reply, (gone) => cache.settled(appid, gone));
    }
    const reading = cache.read(appid);
    if (reading?.kind !== 'held') return undefined;
    const { value } = reading.held;
    return repeatsAfter(outcome, !value.equals(used)) ? value : undefined;
  }

  #reporter(): Reporter {
    return { by: 'gateway', ...actorOf(this.order.request) };
  }

  /** Nothing came back, WeChat may have acted: what only reads may be sent again (RFC 9110, 9.2.2). */
  #mayGoTwice(): boolean {
    const { method } = this.order.request;
    return (method === 'GET' || method === 'HEAD') && this.#upload === undefined && this.#ended === undefined;
  }

  #call(token: Secret, looksForDeadToken: boolean): Promise<AttemptEnd> {
    const { request, path, query } = this.order;
    const body = this.#upload?.body() ?? null;
    const headers = headersToUpstream(request.raw.rawHeaders);
    const length = Buffer.isBuffer(body) ? body.length : this.#upload?.length;
    if (length !== undefined) headers.push('content-length', String(length));
    const spellings = spellingsOf(token);
    this.#silence.waitFor('upstream');
    return new Promise((resolve) => {
      const attempt = new Attempt(this.#sink, looksForDeadToken, spellings, {
        ended: resolve,
        moved: () => {
          this.#silence.waitFor('upstream');
        },
        answered: (text) => {
          this.parts.refused.lookAt(this.order.appid, text);
        },
      });
      this.#attempt = attempt;
      const target = `${path}?${withAccessToken(query, spellings.encoded)}`;
      try {
        const onUsedConnection = (): void => {
          attempt.onUsedConnection();
        };
        const call = { method: request.method, path: target, headers, body, onUsedConnection };
        this.parts.upstream.send(this.order.appid, call, attempt);
      } catch (error) {
        attempt.onResponseError(undefined, error);
      }
    });
  }

  #settle(end: AttemptEnd): void {
    switch (end.kind) {
      case 'relayed':
        this.#silence.waitFor('caller');
        return;
      case 'token_is_dead':
        this.#pass(end.answer);
        return;
      case 'withheld':
        this.#fail(withheld());
        return;
      case 'cut':
        this.#cut();
        return;
      case 'failed':
        this.#fail(this.#ended === undefined ? upstreamFailed(end.error) : this.#reasonOfEnd());
    }
  }

  #pass({ head, body }: HeldAnswer): void {
    this.#sink.whole(head, body);
    this.#silence.waitFor('caller');
  }

  #cut(): void {
    if (this.#failed !== undefined || this.#ended === 'caller_gone') return;
    this.#failed = 'cut_off';
    this.#sink.cut();
  }

  /** The caller learns that the call failed: by an error, or if the answer has begun by its breaking off. */
  #fail(error: unknown): void {
    const { reply } = this.order;
    if (this.#failed !== undefined || this.#ended === 'caller_gone' || isGone(reply)) return;
    // The caller has a whole answer already: what goes wrong with the rest of its request is of no interest.
    if (reply.raw.writableEnded) return;
    if (reply.raw.headersSent) {
      this.#cut();
      return;
    }
    this.#failed = this.#ended === 'too_large' ? 'too_large' : 'failed';
    if (this.parts.upstream.closing) reply.raw.setHeader('connection', 'close');
    this.order.fail(error);
  }

  #reasonOfEnd(): HubException {
    return endedBy(this.#ended, this.parts.timeoutMs);
  }

  #giveUp(why: EndedBy): void {
    if (this.#ended !== undefined) return;
    this.#ended = why;
    this.#attempt?.abort(new Error(why));
    if (why !== 'caller_gone') this.#fail(this.#reasonOfEnd());
  }

  /** It is over with the caller, in whatever way. */
  #onOver(): void {
    const { reply, appid, startedAt } = this.order;
    if (!reply.raw.writableFinished) this.#giveUp('caller_gone');
    this.#upload?.release();
    this.parts.upstream.forget(this);
    this.parts.events.emit('gatewayCalled', {
      appid,
      outcome: this.#failed ?? (reply.raw.writableFinished ? 'answered' : 'caller_gone'),
      status: reply.raw.headersSent ? reply.raw.statusCode : undefined,
      durationMs: this.parts.clock.now() - startedAt,
      repeated: this.#repeated,
    });
  }
}
