import { randomBytes } from 'node:crypto';
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { Clock, type TimerHandle } from '../clock/clock.js';
import { HubEnvironment } from '../config/environment/environment.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { HubEvents, type NoticeResult } from '../events/hub-events.js';
import { Log } from '../logging/log.js';
import { NoticeClaims } from './notice-claims.js';
import { kindFor, type Notice, type NoticeKind, type NotifyTarget, type Subject } from './notice.js';
import { Channels } from './sending/channels.js';
import { bodyOf } from './sending/robots.js';
import { Targets, type GatheringTarget } from './targets.js';
import { wordingOf } from './wording/wording.js';

/** Something to be told, when it is time: by then it may be over, or told by another replica. */
export interface Pending {
  /** Among those of its kind: the same again replaces it. */
  readonly key: string;
  readonly subject: Subject;
  /**
   * Asked once for each target, with the kind as which it is told there.
   * `undefined`: there is nothing to tell any more. Never rejects.
   */
  readonly ripe: (kind: NoticeKind) => Promise<Notice | undefined>;
}

interface Due {
  readonly target: NotifyTarget;
  readonly items: readonly Pending[];
}

/** What is gathered is asked for so many at a time. */
const RIPENING = 50;
/** How often is looked whether something gathered is due. Milliseconds. */
const LOOK_MS = 1000;

/**
 * Tells operators, where apps.yaml says: gathers what happens by target and kind, asks what of it is still to be told,
 * puts it into words and hands it to the robots' channels. Nothing waits for it, and nothing that fails here is felt
 * elsewhere.
 */
@Injectable()
export class Notices implements BeforeApplicationShutdown {
  readonly #targets = new Targets<Pending>();
  readonly #channels: Channels;
  #timer: TimerHandle | undefined;
  #closed = false;

  constructor(
    private readonly config: AppsConfig,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly claims: NoticeClaims,
    private readonly environment: HubEnvironment,
    events: HubEvents,
  ) {
    const onEnded = (type: NotifyTarget['type'], result: NoticeResult): void => {
      events.emit('noticeEnded', { type, result });
    };
    this.#channels = new Channels(clock, log, environment.outboundProxy, onEnded);
    config.onChange(({ snapshot }) => {
      this.#channels.keepOnly(snapshot.notify);
    });
  }

  /** Whether anybody is to be told anything. */
  get isWanted(): boolean {
    return !this.#closed && this.config.current.notify.length > 0;
  }

  /** Messages that are being sent right now. */
  get underWay(): number {
    return this.#channels.underWay;
  }

  /** @param kinds the gravest first: each target is told of it once, as the first that it wants */
  add(kinds: readonly NoticeKind[], pending: Pending): void {
    if (!this.isWanted) return;
    const now = this.clock.now();
    for (const { target, gathering } of this.#current()) {
      const kind = kindFor(
        target,
        kinds,
        pending.subject,
        (id) => this.#appsOf(id),
        (subject) => this.#tenantOf(subject),
      );
      if (kind === undefined) continue;
      gathering.add(kind, pending.key, pending, now);
      this.#timer ??= this.clock.setTimeout(() => void this.#look(), LOOK_MS);
    }
  }

  /** What is gathered or waits is given up: a shutdown has ten seconds, a robot may take longer. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#closed = true;
    this.clock.clearTimeout(this.#timer);
    await this.#channels.close();
  }

  #current(): readonly GatheringTarget<Pending>[] {
    return this.#targets.of(this.config.current.notify);
  }

  async #look(): Promise<void> {
    const due = new Map<NoticeKind, Due[]>();
    for (const { target, gathering } of this.#current()) {
      for (const { kind, items } of gathering.due(this.clock.now())) {
        due.set(kind, [...(due.get(kind) ?? []), { target, items }]);
      }
    }
    for (const [kind, parts] of due) {
      try {
        if (parts.some(({ items }) => items.length > 1)) await this.claims.turn(kind);
        for (const { target, items } of parts) this.#tell(target, kind, await ripe(kind, items));
      } catch (error) {
        this.log.error('a notice could not be made', { kind, error });
      }
    }
    this.#timer = undefined;
    if (!this.#closed && this.#current().some(({ gathering }) => !gathering.isEmpty)) {
      this.#timer = this.clock.setTimeout(() => void this.#look(), LOOK_MS);
    }
  }

  #tell(target: NotifyTarget, kind: NoticeKind, notices: readonly Notice[]): void {
    if (this.#closed || notices.length === 0) return;
    const { type, language, consoleUrl, runbooksUrl, mention } = target;
    const wording = wordingOf(kind, notices, language, { consoleUrl, runbooksUrl });
    const at = new Date(this.clock.wallNow()).toISOString();
    const body = bodyOf(type, wording, { kind, notices, at, hub: this.environment.name, mention });
    this.#channels.of(target).add({ target, id: `msg_${randomBytes(16).toString('hex')}`, body });
  }

  #tenantOf(subject: Subject): string | undefined {
    const { apps, clients } = this.config.current;
    if (subject === 'hub') return undefined;
    if ('tenant' in subject) return subject.tenant;
    if ('appid' in subject) return apps.get(subject.appid)?.tenant;
    return clients.find(({ id }) => id === subject.client)?.tenant;
  }

  #appsOf(id: string): ReadonlySet<string> | '*' | undefined {
    return this.config.current.clients.find((client) => client.id === id)?.apps;
  }
}

async function ripe(kind: NoticeKind, items: readonly Pending[]): Promise<Notice[]> {
  const notices: Notice[] = [];
  for (let from = 0; from < items.length; from += RIPENING) {
    const some = await Promise.all(items.slice(from, from + RIPENING).map((item) => item.ripe(kind)));
    notices.push(...some.flatMap((notice) => notice ?? []));
  }
  return notices;
}
