import { Injectable } from '@nestjs/common';
import { HubEvents } from '../events/hub-events.js';
import { Counter, Durations, single } from './text-format.js';

/** Redis on the same network answers in a fraction of a millisecond, and is given up after some hundred. Seconds. */
const COMMAND_BUCKETS: readonly number[] = [
  0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
];

/** The shared store, as this replica finds it. Nothing of it is there with the memory store. */
@Injectable()
export class StoreMetrics {
  /** `undefined`: the memory store, or not known yet. */
  #up: boolean | undefined;
  #newsUp = false;
  readonly #commands = new Counter(
    'wxhub_store_commands_total',
    'Commands to Redis, by the script or command and whether it did what was asked.',
  );
  readonly #durations = new Durations(
    'wxhub_store_command_duration_seconds',
    'From sending a command to Redis to its answer or its failure.',
    COMMAND_BUCKETS,
  );
  readonly #news = new Counter('wxhub_replica_news_total', 'What other replicas told, by kind.');
  readonly #unreadable = new Counter(
    'wxhub_store_unreadable_total',
    'Stored tokens and tickets that no key opens.',
  );

  constructor(events: HubEvents) {
    events.on('storeChanged', ({ available }) => {
      this.#up = available;
    });
    events.on('newsChanged', ({ heard }) => {
      this.#newsUp = heard;
    });
    events.on('storeCommandEnded', ({ command, ok, durationMs }) => {
      this.#commands.add(`command="${command}",outcome="${ok ? 'ok' : 'failed'}"`);
      this.#durations.observe(`command="${command}"`, durationMs / 1000);
    });
    events.on('newsHeard', ({ kind }) => {
      this.#news.add(`kind="${kind}"`);
    });
    events.on('storedUnreadable', ({ slot }) => {
      this.#unreadable.add(`slot="${slot}"`);
    });
  }

  *lines(): Generator<string> {
    if (this.#up === undefined) return;
    yield single('wxhub_store_up', 'Whether Redis does what it is asked (1) or not (0).', this.#up ? 1 : 0);
    yield* this.#commands.lines();
    yield* this.#durations.lines();
    yield single(
      'wxhub_replica_news_up',
      'Whether this replica hears what the others tell (1) or not (0).',
      this.#newsUp ? 1 : 0,
    );
    yield* this.#news.lines();
    yield* this.#unreadable.lines();
  }
}
