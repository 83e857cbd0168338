import { Agent, request } from 'node:http';

export interface LoadOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly perSecond: number;
  /** The load ends by itself then, whatever happens. Milliseconds. */
  readonly longestMs: number;
}

export interface LoadReport {
  readonly sent: number;
  readonly ok: number;
  /** Requests a second that were answered, over the whole time. */
  readonly rate: number;
  /** What was not an answer 200, with the millisecond of the load that it was sent at. */
  readonly failures: readonly string[];
  readonly slowestMs: number;
}

/** How often the load looks at the clock. Milliseconds. */
const TICK_MS = 10;
/** A request that takes longer has failed. Milliseconds. */
const TIMEOUT_MS = 5000;

/**
 * Sends GETs at a steady rate over kept connections, whether or not earlier ones were answered: a slow moment makes
 * requests wait, it does not make fewer of them. Nothing is repeated.
 */
export class SteadyLoad {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 200 });
  readonly #began = performance.now();
  readonly #failures: string[] = [];
  readonly #pending = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #sent = 0;
  #ok = 0;
  #slowestMs = 0;

  constructor(private readonly options: LoadOptions) {
    this.#timer = setInterval(() => {
      this.#tick();
    }, TICK_MS);
  }

  get ok(): number {
    return this.#ok;
  }

  async stop(): Promise<LoadReport> {
    clearInterval(this.#timer);
    const seconds = (performance.now() - this.#began) / 1000;
    await Promise.all(this.#pending);
    this.#agent.destroy();
    return {
      sent: this.#sent,
      ok: this.#ok,
      rate: this.#ok / seconds,
      failures: this.#failures,
      slowestMs: this.#slowestMs,
    };
  }

  #tick(): void {
    const elapsed = performance.now() - this.#began;
    if (elapsed > this.options.longestMs) {
      clearInterval(this.#timer);
      return;
    }
    const due = Math.floor((elapsed / 1000) * this.options.perSecond);
    while (this.#sent < due) {
      this.#sent++;
      const sending = this.#send(elapsed).finally(() => this.#pending.delete(sending));
      this.#pending.add(sending);
    }
  }

  async #send(at: number): Promise<void> {
    const since = performance.now();
    const outcome = await new Promise<string>((resolve) => {
      const { url, headers } = this.options;
      request(url, { agent: this.#agent, headers, timeout: TIMEOUT_MS }, (response) => {
        response.resume();
        response.once('end', () => {
          resolve(String(response.statusCode));
        });
        response.once('error', (error) => {
          resolve(error.message);
        });
      })
        .once('timeout', () => {
          resolve('time-out');
        })
        .once('error', (error) => {
          resolve(error.message);
        })
        .end();
    });
    this.#slowestMs = Math.max(this.#slowestMs, performance.now() - since);
    if (outcome === '200') this.#ok++;
    else this.#failures.push(`${outcome} at ${Math.round(at)} ms`);
  }
}
