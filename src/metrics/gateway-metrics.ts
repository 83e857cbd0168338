import type { GatewayCalled } from '../events/hub-events.js';
import { DurationHistogram } from './histogram.js';

/** Calls through the gateway, by what became of them: counters of closed sets, no app, no path. */
export class GatewayMetrics {
  readonly #calls = new Map<string, number>();
  readonly #durations = new Map<string, DurationHistogram>();

  record({ outcome, repeated, durationMs }: GatewayCalled): void {
    const labels = `outcome="${outcome}",repeated="${repeated}"`;
    this.#calls.set(labels, (this.#calls.get(labels) ?? 0) + 1);
    const key = `outcome="${outcome}"`;
    let durations = this.#durations.get(key);
    if (durations === undefined) this.#durations.set(key, (durations = new DurationHistogram()));
    durations.observe(durationMs / 1000);
  }

  *lines(): Generator<string> {
    yield '# HELP wxhub_gateway_calls_total Calls through the gateway; repeated: with another token.\n';
    yield '# TYPE wxhub_gateway_calls_total counter\n';
    for (const [labels, count] of this.#calls) yield `wxhub_gateway_calls_total{${labels}} ${count}\n`;
    yield "# HELP wxhub_gateway_call_duration_seconds From admission to the end of the caller's answer.\n";
    yield '# TYPE wxhub_gateway_call_duration_seconds histogram\n';
    for (const [labels, durations] of this.#durations) {
      yield* durations.lines('wxhub_gateway_call_duration_seconds', labels);
    }
  }
}
