import type { GatewayCalled, GatewayOutcome } from '../events/hub-events.js';
import { Counter, Durations, everyLabel } from './text-format.js';

const OUTCOMES: readonly GatewayOutcome[] = ['answered', 'failed', 'cut_off', 'too_large', 'caller_gone'];

/** Calls through the gateway, by what became of them: counters of closed sets, no app, no path. */
export class GatewayMetrics {
  readonly #calls = new Counter(
    'wxhub_gateway_calls_total',
    'Calls through the gateway; repeated: after a dead token.',
    everyLabel({ outcome: OUTCOMES, repeated: ['false', 'true'] }),
  );
  readonly #durations = new Durations(
    'wxhub_gateway_call_duration_seconds',
    "From admission to the end of the caller's answer.",
  );

  record({ outcome, repeated, durationMs }: GatewayCalled): void {
    this.#calls.add(`outcome="${outcome}",repeated="${repeated}"`);
    this.#durations.observe(`outcome="${outcome}"`, durationMs / 1000);
  }

  *lines(): Generator<string> {
    yield* this.#calls.lines();
    yield* this.#durations.lines();
  }
}
