import type { Clock, TimerHandle } from '../../clock/clock.js';
import type { NotifyTarget, TargetType } from '../notice.js';
import { Outbox } from './outbox.js';
import { PACES, verdictOf, type Verdict } from './robots.js';
import type { HttpPost } from './http-post.js';
import { signed } from './signature.js';

export interface Message {
  readonly target: NotifyTarget;
  /** Whatever the number of attempts. */
  readonly id: string;
  /** Unsigned: a signature lives for an hour, and a message may wait. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface ChannelWatcher {
  /** A message was taken in. */
  sent(type: TargetType): void;
  /** A message was not taken in. `givenUp`: it will not be tried again. */
  failed(type: TargetType, why: string, givenUp: boolean): void;
  /** There were too many: the oldest was dropped. */
  dropped(type: TargetType): void;
}

/** What is sent to one robot, by whichever entries of apps.yaml name it: they share its pace. */
export class Channel {
  readonly #outbox: Outbox<Message>;
  #timer: TimerHandle | undefined;
  #sending = false;
  #closed = false;

  constructor(
    private readonly type: TargetType,
    private readonly post: HttpPost,
    private readonly clock: Clock,
    private readonly watcher: ChannelWatcher,
  ) {
    this.#outbox = new Outbox(PACES[type]);
  }

  add(message: Message): void {
    if (this.#closed) return;
    if (this.#outbox.add(message) !== undefined) this.watcher.dropped(this.type);
    this.#arm();
  }

  /** Nothing more is sent. @returns how many messages waited */
  close(): number {
    this.#closed = true;
    this.clock.clearTimeout(this.#timer);
    return this.#outbox.size;
  }

  #arm(): void {
    const wait = this.#outbox.waitMs(this.clock.now());
    if (wait === undefined || this.#sending || this.#closed) return;
    this.clock.clearTimeout(this.#timer);
    this.#timer = this.clock.setTimeout(() => void this.#sendNext(), wait);
  }

  /** Never rejects. */
  async #sendNext(): Promise<void> {
    const message = this.#outbox.take(this.clock.now());
    if (message === undefined || this.#sending || this.#closed) return;
    this.#sending = true;
    const verdict = await this.#send(message);
    this.#sending = false;
    this.#ended(verdict);
    this.#arm();
  }

  #ended(verdict: Verdict): void {
    if (verdict.ok) {
      this.#outbox.sent();
      this.watcher.sent(this.type);
      return;
    }
    const givenUp = this.#outbox.failed(this.clock.now(), verdict.wait);
    if (!this.#closed) this.watcher.failed(this.type, verdict.why, givenUp);
  }

  async #send({ target, id, body }: Message): Promise<Verdict> {
    const { type } = target;
    const url = target.url.reveal();
    const secret = target.secret?.reveal();
    const outcome = await this.post.send(
      signed({ type, url, secret, body, id, wallNow: this.clock.wallNow() }),
      target.publicOnly,
    );
    if (!outcome.ok) return { ok: false, wait: 0, why: outcome.why };
    return verdictOf(type, outcome.answer, secretsIn(url, secret));
  }
}

/** Whatever of a URL may be its secret, for what must not be in the log. */
function secretsIn(url: string, secret: string | undefined): string[] {
  const { pathname, searchParams } = new URL(url);
  const parts = [url, ...pathname.split('/'), ...searchParams.values(), secret ?? ''];
  return parts.filter((part) => part.length >= 8);
}
