import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { VERSION } from '../version.js';

/**
 * Of prom-client's defaults: `…_total` are gauges, which Prometheus's naming forbids, and sums of what their namesakes
 * say; handles and requests are what `active_resources` counts, by a way that is not to be used any more.
 */
const LEFT_OUT = [
  'wxhub_nodejs_active_resources_total',
  'wxhub_nodejs_active_handles',
  'wxhub_nodejs_active_handles_total',
  'wxhub_nodejs_active_requests',
  'wxhub_nodejs_active_requests_total',
];

/** The process itself (memory, CPU, event loop, garbage collection) and which build it is. */
@Injectable()
export class ProcessMetrics {
  readonly #registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.#registry, prefix: 'wxhub_' });
    for (const name of LEFT_OUT) this.#registry.removeSingleMetric(name);
    new Gauge({
      name: 'wxhub_build_info',
      help: 'Always 1; the labels say which build runs.',
      labelNames: ['version', 'node'],
      registers: [this.#registry],
    }).set({ version: VERSION, node: process.version }, 1);
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
