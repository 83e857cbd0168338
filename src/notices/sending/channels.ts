import type { Clock } from '../../clock/clock.js';
import type { NoticeResult } from '../../events/hub-events.js';
import type { Secret } from '../../core/secret.js';
import type { Log } from '../../logging/log.js';
import type { NotifyTarget, TargetType } from '../notice.js';
import { Channel } from './channel.js';
import { HttpPost } from './http-post.js';

/** A channel for each robot, and what becomes of its messages. */
export class Channels {
  readonly #channels = new Map<string, Channel>();
  readonly #post: HttpPost;
  #failures = 0;

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    proxy: Secret | undefined,
    private readonly onEnded: (type: TargetType, result: NoticeResult) => void,
  ) {
    this.#post = new HttpPost(clock, proxy);
  }

  /** Messages that are being sent right now. */
  get underWay(): number {
    return this.#post.underWay;
  }

  of(target: NotifyTarget): Channel {
    const key = keyOf(target);
    let channel = this.#channels.get(key);
    if (channel === undefined) {
      channel = new Channel(target.type, this.#post, this.clock, {
        sent: (type) => {
          this.onEnded(type, 'sent');
        },
        failed: (type, why, givenUp) => {
          this.#failed(type, why, givenUp);
        },
        dropped: (type) => {
          this.log.warn('a notice was dropped: too many wait for this robot', { type });
          this.onEnded(type, 'dropped');
        },
      });
      this.#channels.set(key, channel);
    }
    return channel;
  }

  /** A robot that a reload took out is told nothing more. */
  keepOnly(targets: readonly NotifyTarget[]): void {
    const keys = new Set(targets.map(keyOf));
    for (const [key, channel] of this.#channels) {
      if (keys.has(key)) continue;
      channel.close();
      this.#channels.delete(key);
    }
  }

  async close(): Promise<void> {
    const waiting = [...this.#channels.values()].reduce((sum, channel) => sum + channel.close(), 0);
    if (waiting > 0) this.log.warn('notices were not sent before the shutdown', { messages: waiting });
    await this.#post.close();
  }

  #failed(type: TargetType, why: string, givenUp: boolean): void {
    this.#failures += 1;
    const fields = { type, why, failures: this.#failures };
    if (!givenUp) {
      this.log.debug('a notice could not be sent; it is tried again', fields);
      return;
    }
    this.log.warn('a notice could not be sent and is given up', fields);
    this.onEnded(type, 'failed');
  }
}

/** A tenant shares a robot's pace with no other. */
function keyOf({ type, url, tenant }: NotifyTarget): string {
  return `${type} ${tenant ?? ''} ${url.reveal()}`;
}
