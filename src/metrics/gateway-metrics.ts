import type { GatewayCalled, GatewayOutcome } from '../events/hub-events.js';
import { Counter, Durations, everyLabel } from './text-format.js';

const OUTCOMES: readonly GatewayOutcome[] = ['answered', 'failed', 'cut_off', 'too_large', 'caller_gone'];

/** Made beforehand: they are of two closed sets, and a call costs less than making them. */
const LABELS = Object.fromEntries(
  OUTCOMES.map((outcome) => [
    outcome,
    {
      outcome: `outcome="${outcome}"`,
      once: `outcome="${outcome}",repeated="false"`,
      repeated: `outcome="${outcome}",repeated="true"`,
    },
  ]),
) as Readonly<
  Record<GatewayOutcome, { readonly outcome: string; readonly once: string; readonly repeated: string }>
>;

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
    const labels = LABELS[outcome];
    this.#calls.add(repeated ? labels.repeated : labels.once);
    this.#durations.observe(labels.outcome, durationMs / 1000);
  }

  *lines(): Generator<string> {
    yield* this.#calls.lines();
    yield* this.#durations.lines();
  }
}
