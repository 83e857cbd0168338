import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { Clock, type TimerHandle } from '../clock/clock.js';
import { HubEnvironment } from '../config/environment.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { Gathering } from '../core/notices/gathering.js';
import { forTarget, type Notice, type NoticeKind, type NotifyTarget } from '../core/notices/notice.js';
import { bodyOf } from '../core/notices/robots.js';
import { wordingOf } from '../core/notices/wording.js';
import { HubEvents } from '../events/hub-events.js';
import { Log } from '../logging/log.js';
import { Channel } from './channel.js';
import { HttpPost } from './http-post.js';
import { NoticeClaims } from './notice-claims.js';

/** Something to be told, when it is time: by then it may be over, or told by another replica. */
export interface Pending {
  /** Among those of its kind: the same again replaces it. */
  readonly key: string;
  /** `undefined`: there is nothing to tell any more. Never rejects. */
  readonly ripe: () => Promise<Notice | undefined>;
}

/** What is gathered is asked for so many at a time. */
const RIPENING = 50;
/** How often is looked whether something gathered is due. Milliseconds. */
const LOOK_MS = 1000;

/**
 * Tells operators, where apps.yaml says: gathers what happens by kind, asks what of it is still to be told, puts it into
 * words and hands it to the robots' channels. Nothing waits for it, and nothing that fails here is felt elsewhere.
 */
@Injectable()
export class Notices implements BeforeApplicationShutdown {
  readonly #gathering = new Gathering<NoticeKind, Pending>();
  readonly #channels = new Map<string, Channel>();
  readonly #post: HttpPost;
  #timer: TimerHandle | undefined;
  #closed = false;
  #failures = 0;

  constructor(
    private readonly config: AppsConfig,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly claims: NoticeClaims,
    private readonly events: HubEvents,
    environment: HubEnvironment,
  ) {
    this.#post = new HttpPost(clock, environment.outboundProxy);
    config.onChange(({ snapshot }) => {
      this.#keepOnly(snapshot.notify);
    });
  }

  /** Whether anybody is to be told anything. */
  get isWanted(): boolean {
    return !this.#closed && this.config.current.notify.length > 0;
  }

  /** Messages that are being sent right now. */
  get underWay(): number {
    return this.#post.underWay;
  }

  add(kind: NoticeKind, pending: Pending): void {
    if (!this.isWanted) return;
    this.#gathering.add(kind, pending.key, pending, this.clock.now());
    this.#timer ??= this.clock.setTimeout(() => void this.#look(), LOOK_MS);
  }

  /** What is gathered or waits is given up: a shutdown has ten seconds, a robot may take longer. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#closed = true;
    this.clock.clearTimeout(this.#timer);
    const waiting = [...this.#channels.values()].reduce((sum, channel) => sum + channel.close(), 0);
    if (waiting > 0) this.log.warn('notices were not sent before the shutdown', { messages: waiting });
    await this.#post.close();
  }

  async #look(): Promise<void> {
    for (const { kind, items } of this.#gathering.due(this.clock.now())) {
      try {
        if (items.length > 1) await this.claims.turn(kind);
        this.#tell(kind, await ripe(items));
      } catch (error) {
        this.log.error('a notice could not be made', { kind, error });
      }
    }
    this.#timer = undefined;
    if (!this.#closed && !this.#gathering.isEmpty) {
      this.#timer = this.clock.setTimeout(() => void this.#look(), LOOK_MS);
    }
  }

  #tell(kind: NoticeKind, notices: readonly Notice[]): void {
    if (this.#closed || notices.length === 0) return;
    const { notify, clients } = this.config.current;
    const appsOf = (id: string): ReadonlySet<string> | '*' | undefined =>
      clients.find((client) => client.id === id)?.apps;
    const at = new Date(this.clock.wallNow()).toISOString();
    for (const target of notify) {
      const told = forTarget(target, kind, notices, appsOf);
      if (told.length === 0) continue;
      const { type, language } = target;
      const body = bodyOf(type, wordingOf(kind, told, language), { kind, notices: told, at });
      this.#channelOf(target).add({ target, body });
    }
  }

  #channelOf(target: NotifyTarget): Channel {
    const key = channelKey(target);
    let channel = this.#channels.get(key);
    if (channel === undefined) {
      channel = new Channel(target.type, this.#post, this.clock, {
        sent: (type) => {
          this.events.emit('noticeEnded', { type, result: 'sent' });
        },
        failed: (type, why, givenUp) => {
          this.#failed(type, why, givenUp);
        },
        dropped: (type) => {
          this.log.warn('a notice was dropped: too many wait for this robot', { type });
          this.events.emit('noticeEnded', { type, result: 'dropped' });
        },
      });
      this.#channels.set(key, channel);
    }
    return channel;
  }

  /** A robot that a reload took out is told nothing more. */
  #keepOnly(targets: readonly NotifyTarget[]): void {
    const keys = new Set(targets.map(channelKey));
    for (const [key, channel] of this.#channels) {
      if (keys.has(key)) continue;
      channel.close();
      this.#channels.delete(key);
    }
  }

  #failed(type: NotifyTarget['type'], why: string, givenUp: boolean): void {
    this.#failures += 1;
    const fields = { type, why, failures: this.#failures };
    if (!givenUp) {
      this.log.debug('a notice could not be sent; it is tried again', fields);
      return;
    }
    this.log.warn('a notice could not be sent and is given up', fields);
    this.events.emit('noticeEnded', { type, result: 'failed' });
  }
}

function channelKey({ type, url }: NotifyTarget): string {
  return `${type} ${url.reveal()}`;
}

async function ripe(items: readonly Pending[]): Promise<Notice[]> {
  const notices: Notice[] = [];
  for (let from = 0; from < items.length; from += RIPENING) {
    const some = await Promise.all(items.slice(from, from + RIPENING).map((item) => item.ripe()));
    notices.push(...some.flatMap((notice) => notice ?? []));
  }
  return notices;
}
