import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { HubEvents } from '../events/hub-events.js';
import { TokenCache, type AppStatus } from '../token-cache/token-cache.service.js';

/** Changes that no event tells (an attempt begins, another replica's token, an end of life) show after so long. */
const SCAN_APART_MS = 500;

/** What was seen of an app when it last changed, and the number of that change. */
interface Mark {
  readonly revision: number;
  readonly status: AppStatus;
  /** Changes whenever something happens to a ticket. */
  readonly tickets: number;
}

/** A place in the sequence of changes; `undefined` in a request: nothing is known yet. */
export interface Place {
  /** Of the process and its configuration; changes of another one cannot be continued. */
  readonly epoch: string;
  readonly revision: number;
}

export interface Changes {
  readonly place: Place;
  /** What the asker knew is void. */
  readonly reset: boolean;
  /** Appids, at most so many as asked for, in the order of their changes. */
  readonly appids: readonly string[];
  readonly more: boolean;
}

/**
 * Which apps changed since a viewer last asked, for any number of viewers: one number per app, and nothing at all
 * while nobody looks. A configuration taken over begins everything anew, since grants may have changed.
 */
@Injectable()
export class LiveView {
  /** In the order of the changes, oldest first. */
  readonly #marks = new Map<string, Mark>();
  readonly #process: string;
  #configuration = 0;
  #revision = 0;
  #scannedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly cache: TokenCache,
    private readonly clock: Clock,
    config: AppsConfig,
    events: HubEvents,
  ) {
    this.#process = Math.trunc(clock.wallNow()).toString(36);
    config.onChange(() => {
      this.#configuration += 1;
      this.#marks.clear();
      this.#scannedAt = Number.NEGATIVE_INFINITY;
    });
    events.on('refreshEnded', ({ appid }) => {
      if (this.#marks.has(appid)) this.#look(appid, true);
    });
  }

  /** @param sees whether the asker may see the app; others are passed over. */
  since(known: Place | undefined, limit: number, sees: (appid: string) => boolean): Changes {
    this.#scan();
    const epoch = `${this.#process}-${this.#configuration}`;
    const reset = known?.epoch !== epoch;
    const after = reset ? 0 : known.revision;
    const appids: string[] = [];
    let revision = after;
    for (const [appid, mark] of this.#marks) {
      if (mark.revision <= after || !sees(appid)) continue;
      if (appids.length === limit) return { place: { epoch, revision }, reset, appids, more: true };
      appids.push(appid);
      revision = mark.revision;
    }
    return { place: { epoch, revision: this.#revision }, reset, appids, more: false };
  }

  /** A few milliseconds for 10,000 apps; shared by all who look. */
  #scan(): void {
    const now = this.clock.now();
    if (now - this.#scannedAt < SCAN_APART_MS) return;
    this.#scannedAt = now;
    for (const appid of this.cache.appids()) this.#look(appid, false);
  }

  #look(appid: string, changed: boolean): void {
    const status = this.cache.status(appid);
    if (status === undefined) return;
    const mark = this.#marks.get(appid);
    const tickets = this.#ticketStamp(appid);
    if (!changed && mark?.tickets === tickets && sameStatus(mark.status, status)) return;
    this.#revision += 1;
    // To the end: the map's order is that of the revisions.
    this.#marks.delete(appid);
    this.#marks.set(appid, { revision: this.#revision, status, tickets });
  }

  #ticketStamp(appid: string): number {
    let stamp = 0;
    for (const cell of this.cache.entry(appid)?.tickets.values() ?? []) {
      stamp += (cell.nextAttemptAt ?? 0) + (cell.underWay === undefined ? 1 : 2);
    }
    return stamp;
  }
}

/** States and settings are values that are replaced, never edited: the same object is the same content. */
function sameStatus(a: AppStatus, b: AppStatus): boolean {
  return (
    a.state === b.state &&
    a.app === b.app &&
    a.health === b.health &&
    a.refreshing === b.refreshing &&
    a.nextAttemptAt === b.nextAttemptAt &&
    a.forcedLeft === b.forcedLeft
  );
}
