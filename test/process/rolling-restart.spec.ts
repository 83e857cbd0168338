import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { eventually } from '../support/eventually.js';
import { HubProcess } from '../support/hub-process.js';
import { bearer, testKey } from '../support/start-hub.js';
import { freePort, HAPROXY, NGINX, ReverseProxy, type Backend } from './reverse-proxy.js';
import { SteadyLoad, type LoadReport } from './steady-load.js';

/**
 * Two hubs behind a real proxy are restarted one after the other while 500 requests a second come in: none is lost.
 * What keeps them: the hub fails /readyz first and goes on serving for 2 s, with `Connection: close`; then it answers
 * what is under way, and only then it ends. A new one is not ready before its tokens are there.
 */

const KEY = testKey('rolling');
const APP = { appid: 'wx-rolling', secret: 'simulated-secret-of-wx-rolling' };
const PER_SECOND = 500;
/** Of calm before, between and after the restarts. Milliseconds. */
const CALM_MS = 1500;
const LONGEST_MS = 40_000;

let simulator: WeChatSimulator;
let backends: Backend[];
let hubs: HubProcess[] = [];

beforeEach(async () => {
  simulator = await WeChatSimulator.start({ apps: [APP] });
  backends = [];
  for (let i = 0; i < 2; i++) backends.push({ port: await freePort(), opsPort: await freePort() });
  hubs = await Promise.all(backends.map((backend) => startHubOn(backend)));
});

afterEach(async () => {
  await Promise.all(hubs.map((hub) => hub.dispose()));
  await simulator.close();
});

/** Resolves once it is ready. */
async function startHubOn({ port, opsPort }: Backend): Promise<HubProcess> {
  const hub = new HubProcess({
    upstream: simulator.url,
    apps: [APP],
    clients: [{ id: 'rolling', key: KEY, apps: '*', requestsPerMinute: 1_000_000 }],
    environment: { HUB_PORT: String(port), HUB_OPS_PORT: String(opsPort) },
  });
  const { opsUrl } = await hub.listening();
  await eventually(async () => (await fetch(`${opsUrl}/readyz`)).status === 200, 'the hub is ready');
  return hub;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

it.each([
  ['HAProxy that asks for readiness and repeats nothing', HAPROXY],
  ['nginx with kept connections', NGINX],
])(
  'no request is lost behind %s',
  async (_name, configuration) => {
    const proxy = await ReverseProxy.start(configuration, backends);
    const load = new SteadyLoad({
      url: `http://127.0.0.1:${proxy.port}/v1/apps/${APP.appid}/token`,
      headers: bearer(KEY),
      perSecond: PER_SECOND,
      longestMs: LONGEST_MS,
    });
    const restart = async (index: number): Promise<void> => {
      const old = hubs[index]!;
      old.kill('SIGTERM');
      expect(await old.exited).toMatchObject({ code: 0, signal: null });
      await old.dispose();
      hubs[index] = await startHubOn(backends[index]!);
    };
    let report: LoadReport | undefined;
    try {
      await pause(CALM_MS);
      for (const index of hubs.keys()) {
        await restart(index);
        // Until the proxy has taken it back in: a Deployment waits for readiness likewise.
        await pause(CALM_MS);
      }
    } finally {
      report = await load.stop();
      await proxy.close();
    }
    expect(report.failures).toEqual([]);
    expect(report.ok).toBe(report.sent);
    expect(report.rate).toBeGreaterThan(PER_SECOND * 0.9);
    process.stderr.write(
      `${configuration.program}: ${report.sent} requests, ${Math.round(report.rate)} a second, slowest ${Math.round(report.slowestMs)} ms\n`,
    );
  },
  60_000,
);
