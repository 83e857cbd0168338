import { Injectable } from '@nestjs/common';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { HubEvents } from '../events/hub-events.js';
import type { LoginCountsRow } from './wire.js';

/** What became of the users' logins of each app, since this process began. Gone with the app. */
@Injectable()
export class LoginCounts {
  readonly #apps = new Map<string, { granted: number; refused: number; failed: number }>();

  constructor(events: HubEvents, config: AppsConfig) {
    events.on('loginEnded', ({ appid, result, repeated }) => {
      if (repeated || !config.current.apps.has(appid)) return;
      let counts = this.#apps.get(appid);
      if (counts === undefined) this.#apps.set(appid, (counts = { granted: 0, refused: 0, failed: 0 }));
      counts[result === 'granted' || result === 'refused' ? result : 'failed'] += 1;
    });
    config.onChange(({ removed }) => {
      for (const appid of removed) this.#apps.delete(appid);
    });
  }

  /** `null`: there was none. */
  of(appid: string): LoginCountsRow | null {
    const counts = this.#apps.get(appid);
    return counts === undefined ? null : { ...counts };
  }
}
