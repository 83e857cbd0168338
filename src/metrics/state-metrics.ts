import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { HubEvents } from '../events/hub-events.js';
import type { StateWritten } from '../events/state-events.js';
import { Counter, Durations, single } from './text-format.js';

/** From a small file on a local disk to a large one on a network's. Seconds. */
const WRITE_BUCKETS: readonly number[] = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The file of HUB_STATE_FILE. Nothing of it is there without one. */
@Injectable()
export class StateMetrics {
  #last: StateWritten | undefined;
  /** Epoch seconds by the wall clock; 0: never in this process. */
  #writtenAt = 0;
  readonly #writes = new Counter(
    'wxhub_state_file_writes_total',
    'Times that the state file was written, or could not be.',
  );
  readonly #durations = new Durations(
    'wxhub_state_file_write_duration_seconds',
    'From the beginning of a write to its being on the disk, or its failure.',
    WRITE_BUCKETS,
  );

  constructor(events: HubEvents, clock: Clock) {
    events.on('stateWritten', (written) => {
      this.#last = written;
      const outcome = written.ok ? 'ok' : 'failed';
      if (written.ok) this.#writtenAt = clock.wallNow() / 1000;
      this.#writes.add(`outcome="${outcome}"`);
      this.#durations.observe(`outcome="${outcome}"`, written.durationMs / 1000);
    });
  }

  *lines(): Generator<string> {
    if (this.#last === undefined) return;
    yield single(
      'wxhub_state_file_up',
      'Whether the last write of the state file succeeded (1) or not (0).',
      this.#last.ok ? 1 : 0,
    );
    yield single('wxhub_state_file_bytes', 'Size of the state file.', this.#last.bytes);
    yield single(
      'wxhub_state_file_last_write_timestamp_seconds',
      'When the state file was last written; 0: not by this process.',
      this.#writtenAt,
    );
    yield* this.#writes.lines();
    yield* this.#durations.lines();
  }
}
