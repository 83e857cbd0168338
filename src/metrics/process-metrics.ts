import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { VERSION } from '../version.js';

/** The process itself (memory, CPU, event loop, garbage collection) and which build it is. */
@Injectable()
export class ProcessMetrics {
  readonly #registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.#registry, prefix: 'wxhub_' });
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
