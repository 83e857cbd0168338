import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { CallBuckets } from '../core/call-buckets.js';
import { HubEvents } from '../events/hub-events.js';
import type { AppAnswer } from './wire.js';

/**
 * What callers had this process call at WeChat in the last hours, per app: through the gateway, and for their users'
 * logins. Some 500 bytes for each app that had any; gone with the app.
 */
@Injectable()
export class Traffic {
  readonly #gateway = new Map<string, CallBuckets>();
  readonly #logins = new Map<string, CallBuckets>();

  constructor(
    events: HubEvents,
    private readonly config: AppsConfig,
    private readonly clock: Clock,
  ) {
    // What a caller did (too large a body, gone before the end) is no failure of the way or of WeChat.
    events.on('gatewayCalled', ({ appid, outcome }) => {
      this.#add(this.#gateway, appid, outcome === 'failed' || outcome === 'cut_off');
    });
    events.on('loginEnded', ({ appid, result, repeated }) => {
      if (!repeated) this.#add(this.#logins, appid, result !== 'granted' && result !== 'refused');
    });
    config.onChange(({ removed }) => {
      for (const appid of removed) {
        this.#gateway.delete(appid);
        this.#logins.delete(appid);
      }
    });
  }

  of(appid: string): AppAnswer['traffic'] {
    const now = this.clock.now();
    return {
      gateway: this.#gateway.get(appid)?.countsAt(now) ?? null,
      logins: this.#logins.get(appid)?.countsAt(now) ?? null,
    };
  }

  #add(to: Map<string, CallBuckets>, appid: string, failed: boolean): void {
    if (!this.config.current.apps.has(appid)) return;
    let buckets = to.get(appid);
    if (buckets === undefined) to.set(appid, (buckets = CallBuckets.large()));
    buckets.add(this.clock.now(), failed);
  }
}
