import type { Clock } from '../clock/clock.js';
import type { Secret } from '../core/secret.js';
import { HttpExchange } from './http-exchange.js';

export interface Upstream {
  readonly exchange: HttpExchange;
  /** Begins every path; '' or from a `/` on, without one at its end. */
  readonly prefix: string;
}

/** The upstreams of the apps, each made on first need; what nobody uses any more has no connections after 30 s. */
export class Upstreams {
  readonly #byBaseUrl = new Map<string, Upstream>();
  #closed: Promise<void> | undefined;

  constructor(
    private readonly timeoutMs: number,
    private readonly clock: Clock,
    private readonly proxy: Secret | undefined,
  ) {}

  /** @throws TypeError when the URL is none: configuration sees to that. */
  at(baseUrl: string): Upstream {
    let upstream = this.#byBaseUrl.get(baseUrl);
    if (upstream === undefined) {
      const { origin, pathname } = new URL(baseUrl);
      const exchange = new HttpExchange(origin, this.timeoutMs, this.clock, this.proxy);
      // As one that was there before: it takes no calls.
      if (this.#closed !== undefined) void exchange.close();
      upstream = { exchange, prefix: pathname.replace(/\/+$/, '') };
      this.#byBaseUrl.set(baseUrl, upstream);
    }
    return upstream;
  }

  giveUp(): void {
    for (const { exchange } of this.#byBaseUrl.values()) exchange.giveUp();
  }

  close(): Promise<void> {
    this.#closed ??= Promise.all([...this.#byBaseUrl.values()].map(({ exchange }) => exchange.close())).then(
      () => undefined,
    );
    return this.#closed;
  }
}
