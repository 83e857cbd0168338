import { Injectable, type BeforeApplicationShutdown, type OnApplicationShutdown } from '@nestjs/common';
import { Pool, type Dispatcher } from 'undici';
import { Clock, type TimerHandle } from '../clock/clock.js';
import { HubEnvironment } from '../config/environment/environment.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import type { Holder } from '../core/fair-shares.js';
import { baseUrlOf } from '../core/kinds/kinds.js';
import { HubException } from '../web/hub-exception.js';
import { connectorFor } from '../wechat-client/outbound.js';
import { CountingClient, type CallOptions } from './counting-client.js';
import { CallsUnderWay, MOST_CALLS, type WatchedCall } from './call/calls-under-way.js';

/** As for the hub's own calls (wechat-client/http-exchange.ts): shorter than what NAT gateways and WeChat keep. */
const KEEP_ALIVE_MS = 10_000;
const KEEP_ALIVE_MAX_MS = 30_000;
/** After the start of a shutdown calls under way have so long; main.ts gives up 7.5 s after it. */
const SHUTDOWN_GRACE_MS = 5000;

/** Where calls of some apps go. */
interface Host {
  /** Begins every path that is sent. */
  readonly prefix: string;
  readonly pool: Pool;
}

/** The gateway's connections to WeChat, apart from those by which tokens are fetched, and the calls that use them. */
@Injectable()
export class GatewayUpstream implements BeforeApplicationShutdown, OnApplicationShutdown {
  /** By base URL, each made on first need; what nobody uses any more has no connections after 30 s. */
  readonly #hosts = new Map<string, Host>();
  readonly #calls: CallsUnderWay;
  #closing = false;
  #grace: TimerHandle | undefined;

  constructor(
    private readonly environment: HubEnvironment,
    private readonly config: AppsConfig,
    private readonly clock: Clock,
  ) {
    this.#calls = new CallsUnderWay(clock, environment.gatewayTimeoutMs);
  }

  /** Makes a call and watches it; `forget` it when it has ended. @throws {HubException} where there are too many. */
  begin<T extends WatchedCall>(appid: string, make: (holder: Holder) => T): T {
    if (this.#closing) throw new HubException('HUB_UPSTREAM_FAILED', 'The hub is shutting down.');
    const holder = this.config.current.apps.get(appid) ?? { appid };
    if (!this.#calls.hasRoomFor(holder)) {
      throw new HubException('HUB_RATE_LIMITED', 'Too many calls through the gateway are under way.', {
        retryAfterSeconds: 1,
      });
    }
    const call = make(holder);
    this.#calls.add(call);
    return call;
  }

  forget(call: WatchedCall): void {
    this.#calls.remove(call);
  }

  get callsUnderWay(): number {
    return this.#calls.count;
  }

  /** Connections are to be closed after their answer. */
  get closing(): boolean {
    return this.#closing;
  }

  /**
   * To the app's own host. The path holds the token: undici does not repeat it in errors, and neither does the hub.
   * @throws {Error} where a reload has removed the app
   */
  send(appid: string, options: Omit<CallOptions, 'origin'>, handler: Dispatcher.DispatchHandler): void {
    const app = this.config.current.apps.get(appid);
    if (app === undefined) throw new Error('the app is gone');
    const { prefix, pool } = this.#hostAt(baseUrlOf(app, this.environment));
    const call: CallOptions = { ...options, path: `${prefix}${options.path}` };
    pool.dispatch(call, handler);
  }

  #hostAt(baseUrl: string): Host {
    let host = this.#hosts.get(baseUrl);
    if (host === undefined) {
      const { origin, pathname } = new URL(baseUrl);
      host = { prefix: pathname.replace(/\/+$/, ''), pool: this.#poolTo(origin) };
      this.#hosts.set(baseUrl, host);
    }
    return host;
  }

  #poolTo(host: string): Pool {
    const { gatewayTimeoutMs, outboundProxy } = this.environment;
    return new Pool(host, {
      factory: (origin, options) => new CountingClient(origin, options),
      connections: MOST_CALLS,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
      connect: connectorFor(gatewayTimeoutMs, outboundProxy),
      // Ours is on the hub's clock, and knows who is waited for (silence.ts).
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** New calls are refused; those under way have some seconds, while the listener waits for their connections. */
  beforeApplicationShutdown(): void {
    this.#closing = true;
    this.#grace = this.clock.setTimeout(() => {
      this.#calls.endAll();
    }, SHUTDOWN_GRACE_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    this.clock.clearTimeout(this.#grace);
    await Promise.all([...this.#hosts.values()].map(({ pool }) => pool.destroy()));
  }
}
