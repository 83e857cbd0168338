import { Injectable } from '@nestjs/common';
import { HubEvents } from '../events/hub-events.js';
import { Counter } from './text-format.js';

/** What came to third-party platforms, and became of it. Nothing of it is there without one. */
@Injectable()
export class PlatformMetrics {
  readonly #counters = {
    pushes: new Counter(
      'wxhub_platform_pushes_total',
      'Pushes to addresses of platforms, by what became of them.',
    ),
    changes: new Counter(
      'wxhub_platform_authorizations_total',
      'Changes of what accounts authorise platforms to, by kind.',
    ),
    forwards: new Counter('wxhub_platform_forwards_total', 'Pushes that were to go on to other systems.'),
  };
  #any = false;

  constructor(events: HubEvents) {
    const { pushes, changes, forwards } = this.#counters;
    events.on('platformPushed', ({ outcome, platform }) => {
      this.#any ||= platform !== undefined;
      pushes.add(`outcome="${outcome}"`);
    });
    events.on('authorizationChanged', ({ change }) => {
      this.#any = true;
      changes.add(`change="${change}"`);
    });
    events.on('pushForwarded', ({ ok }) => {
      forwards.add(`result="${ok ? 'delivered' : 'given_up'}"`);
    });
  }

  *lines(): Generator<string> {
    if (!this.#any) return;
    for (const counter of Object.values(this.#counters)) yield* counter.lines();
  }
}
