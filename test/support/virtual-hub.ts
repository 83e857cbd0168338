import type { FaultSpec } from '../../src/simulator/faults.js';
import { LOGIN_ENDPOINTS } from '../../src/simulator/journal.js';
import { WeChatSimulator, type SimulatorOptions } from '../../src/simulator/simulator.js';
import { TokenCache } from '../../src/token-cache/token-cache.service.js';
import { WeChatClient } from '../../src/wechat-client/wechat-client.js';
import { FakeClock, settle } from './fake-clock.js';
import { startHub, type RunningHub, type StartHubOptions } from './start-hub.js';

export interface VirtualHubOptions extends Omit<StartHubOptions, 'upstream' | 'clock'> {
  readonly clock?: FakeClock;
  readonly simulator?: Omit<SimulatorOptions, 'apps' | 'agents' | 'clock'>;
  /** Set before the hub starts. */
  readonly faults?: readonly FaultSpec[];
}

/** Users' calls, which the hub's own never wait for. */
const LOGINS: readonly string[] = LOGIN_ENDPOINTS;

/**
 * A hub and its WeChat on one clock that stands still: sockets are real, time is not. What the simulator's journal
 * says of the pace of calls is exact to the millisecond.
 */
export class VirtualHub {
  /** Questions to WeChat, now under way, whether a token is alive. */
  #probes = 0;

  private constructor(
    readonly hub: RunningHub,
    readonly simulator: WeChatSimulator,
    readonly clock: FakeClock,
  ) {
    const client = hub.app.get(WeChatClient);
    const probe = client.probeToken.bind(client);
    client.probeToken = async (app, token) => {
      this.#probes += 1;
      try {
        return await probe(app, token);
      } finally {
        this.#probes -= 1;
      }
    };
  }

  /** Started, with the first round ended. */
  static async start(options: VirtualHubOptions): Promise<VirtualHub> {
    const clock = options.clock ?? new FakeClock();
    const agents = options.apps.flatMap(({ appid, secret, kind, corpid }) =>
      kind === 'wecom' ? [{ appid, secret, corpid: String(corpid) }] : [],
    );
    const apps = options.apps
      .filter(({ kind }) => kind !== 'wecom')
      .map(({ appid, secret }) => ({ appid, secret }));
    const simulator = await WeChatSimulator.start({ ...options.simulator, apps, agents, clock });
    for (const spec of options.faults ?? []) simulator.fault(spec);
    const hub = await startHub({ ...options, upstream: simulator.url, clock });
    const virtual = new VirtualHub(hub, simulator, clock);
    await virtual.pass(0);
    return virtual;
  }

  async stop(): Promise<void> {
    this.simulator.clearFaults();
    await this.simulator.close();
    await this.hub.stop();
  }

  /** Lets `ms` go by. At each timer on the way, calls to WeChat end before time goes on. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    await this.quiet();
    for (;;) {
      const due = this.clock.nextDueIn();
      if (due === undefined || this.clock.now() + due > end) break;
      await this.clock.advance(due);
      await this.quiet();
    }
    await this.clock.advance(end - this.clock.now());
  }

  /** Lets time pass, from timer to timer, until `condition` holds. */
  async passUntil(condition: () => boolean, limitMs = 7_200_000): Promise<void> {
    const end = this.clock.now() + limitMs;
    while (!condition()) {
      const due = this.clock.nextDueIn() ?? limitMs;
      if (this.clock.now() + due > end) throw new Error(`not within ${limitMs} ms`);
      await this.pass(due);
    }
  }

  /** Resolves when every call to WeChat has ended but those that WeChat keeps waiting for time to pass. */
  async quiet(): Promise<void> {
    const cache = this.hub.app.get(TokenCache);
    const patience = performance.now() + 10_000;
    for (;;) {
      await settle();
      const entries = [...cache.appids()].flatMap((appid) => cache.entry(appid) ?? []);
      const attempts = entries.flatMap((entry) => [...entry.cells()].map(({ attempt }) => attempt.phase));
      const sent = attempts.filter((phase) => phase === 'calling').length + this.#probes;
      const onTheirWay = attempts.some((phase) => phase === 'leasing' || phase === 'storing');
      const waiting = this.simulator
        .journal()
        .filter(({ endpoint, outcome }) => outcome === 'pending' && !LOGINS.includes(endpoint));
      // Also not more: a call that the hub has given up must have left WeChat before the next one comes.
      if (!onTheirWay && waiting.length === sent) return;
      if (performance.now() > patience) throw new Error(`${sent} calls do not end: ${attempts.join(', ')}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Lets time pass until a read of the app would be answered at once: a fetch under way ends first. */
  async readable(appid: string): Promise<void> {
    const cache = this.hub.app.get(TokenCache);
    while (cache.read(appid)?.kind === 'pending') await this.pass(100);
  }

  /** Milliseconds between the arrivals of the calls that match, oldest first. */
  gaps(filter: Parameters<WeChatSimulator['journal']>[0] = {}): number[] {
    const at = this.simulator.journal(filter).map((entry) => entry.at);
    return at.slice(1).map((time, index) => time - (at[index] ?? 0));
  }
}
