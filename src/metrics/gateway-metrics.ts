import type { GatewayCalled, GatewayOutcome } from '../events/hub-events.js';
import { DurationHistogram } from './histogram.js';

interface Counts {
  once: number;
  repeated: number;
  readonly durations: DurationHistogram;
}

/** Calls through the gateway, by what became of them: counters of closed sets, no app, no path. */
export class GatewayMetrics {
  readonly #counts = new Map<GatewayOutcome, Counts>();

  record({ outcome, repeated, durationMs }: GatewayCalled): void {
    let counts = this.#counts.get(outcome);
    if (counts === undefined) {
      counts = { once: 0, repeated: 0, durations: new DurationHistogram() };
      this.#counts.set(outcome, counts);
    }
    if (repeated) counts.repeated += 1;
    else counts.once += 1;
    counts.durations.observe(durationMs / 1000);
  }

  *lines(): Generator<string> {
    yield '# HELP wxhub_gateway_calls_total Calls through the gateway; repeated: after a dead token.\n';
    yield '# TYPE wxhub_gateway_calls_total counter\n';
    for (const [outcome, { once, repeated }] of this.#counts) {
      yield `wxhub_gateway_calls_total{outcome="${outcome}",repeated="false"} ${once}\n`;
      yield `wxhub_gateway_calls_total{outcome="${outcome}",repeated="true"} ${repeated}\n`;
    }
    yield "# HELP wxhub_gateway_call_duration_seconds From admission to the end of the caller's answer.\n";
    yield '# TYPE wxhub_gateway_call_duration_seconds histogram\n';
    for (const [outcome, { durations }] of this.#counts) {
      yield* durations.lines('wxhub_gateway_call_duration_seconds', `outcome="${outcome}"`);
    }
  }
}
