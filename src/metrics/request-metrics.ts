import { Injectable } from '@nestjs/common';
import { DurationHistogram } from './histogram.js';
import { head, single } from './text-format.js';

/** Requests per route and status. Routes are templates (`/v1/apps/:appid/token`): no label that a caller chooses. */
@Injectable()
export class RequestMetrics {
  readonly #routes = new Map<string, { statuses: Map<number, number>; durations: DurationHistogram }>();
  /** Long-polls that wait now. */
  longPolls = 0;
  readonly #gauges: { readonly name: string; readonly help: string; readonly now: () => number }[] = [];

  /** A number that somebody else keeps, of the moment in which it is asked for. */
  addGauge(name: string, help: string, now: () => number): void {
    this.#gauges.push({ name, help, now });
  }

  record(route: string, status: number, seconds: number): void {
    let metrics = this.#routes.get(route);
    if (metrics === undefined) {
      metrics = { statuses: new Map(), durations: new DurationHistogram() };
      this.#routes.set(route, metrics);
    }
    metrics.statuses.set(status, (metrics.statuses.get(status) ?? 0) + 1);
    metrics.durations.observe(seconds);
  }

  *lines(): Generator<string> {
    yield single('wxhub_long_polls', 'Requests that wait for a newer token.', this.longPolls);
    for (const { name, help, now } of this.#gauges) yield single(name, help, now());
    yield head('wxhub_http_requests_total', 'counter', "Requests answered on the callers' listener.");
    for (const [route, { statuses }] of this.#routes) {
      for (const [status, count] of statuses) {
        yield `wxhub_http_requests_total{route="${route}",status="${status}"} ${count}\n`;
      }
    }
    yield head(
      'wxhub_http_request_duration_seconds',
      'histogram',
      'From the request line to the end of the answer.',
    );
    for (const [route, { durations }] of this.#routes) {
      yield* durations.lines('wxhub_http_request_duration_seconds', `route="${route}"`);
    }
  }
}
