import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { CallBuckets, type EncodedCalls } from '../core/call-buckets.js';
import { HubEvents } from '../events/hub-events.js';

/**
 * The calls to WeChat for tokens and tickets of the last hours, per app, as this process made them. Some 250 bytes for
 * each app that had any; gone with the app.
 */
@Injectable()
export class CallHistory {
  readonly #apps = new Map<string, CallBuckets>();

  constructor(events: HubEvents, config: AppsConfig, clock: Clock) {
    events.on('refreshEnded', ({ appid, trigger, outcome, error }) => {
      // No call was made then.
      if (trigger === 'seed' || error?.reason === 'no_access_token' || !config.current.apps.has(appid))
        return;
      let buckets = this.#apps.get(appid);
      if (buckets === undefined) this.#apps.set(appid, (buckets = CallBuckets.small()));
      buckets.add(clock.now(), outcome === 'failed');
    });
    config.onChange(({ removed }) => {
      for (const appid of removed) this.#apps.delete(appid);
    });
  }

  of(appid: string): EncodedCalls | undefined {
    return this.#apps.get(appid)?.encoded();
  }
}
