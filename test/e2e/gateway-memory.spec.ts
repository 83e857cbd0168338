import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { eventually } from '../support/eventually.js';
import { HubProcess } from '../support/hub-process.js';
import { bearer, testKey } from '../support/start-hub.js';

/** The hub as it runs for real, so that its memory is its own. */

const KEY = testKey('gateway');
const APP = { appid: 'wx-shop', secret: 'simulated-secret-shop' };
const PREFIX = '/v1/apps/wx-shop/wechat';
const MIB = 1024 * 1024;
/** What the contract's checks allow. */
const MOST_GROWTH_MIB = 40;

const hasProc = process.platform === 'linux';

(hasProc ? describe : describe.skip)('memory, whatever passes through', () => {
  let simulator: WeChatSimulator;
  let hub: HubProcess;
  let url: string;

  beforeAll(async () => {
    simulator = await WeChatSimulator.start({ apps: [APP] });
    hub = new HubProcess({
      upstream: simulator.url,
      apps: [APP],
      clients: [{ id: 'gateway', key: KEY, apps: '*', may: ['gateway'], requestsPerMinute: 100_000 }],
    });
    ({ url } = await hub.listening());
    // Warm: what the first calls load and compile is no growth.
    for (let count = 0; count < 200; count += 1) {
      await (await fetch(`${url}${PREFIX}/wxa/x`, { headers: bearer(KEY) })).arrayBuffer();
    }
    await upload(1 * MIB);
    await download(5 * MIB);
  });

  afterAll(async () => {
    await hub.dispose();
    await simulator.close();
  });

  const status = (field: string) =>
    Number(
      new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${hub.child.pid}/status`, 'latin1'))?.[1],
    ) / 1024;

  /** The highest of many looks while `act` runs, above what it was before. MiB. */
  const growthDuring = async (act: () => Promise<void>): Promise<number> => {
    const before = status('VmRSS');
    let highest = before;
    const timer = setInterval(() => (highest = Math.max(highest, status('VmRSS'))), 5);
    await act();
    clearInterval(timer);
    return Math.max(highest, status('VmRSS')) - before;
  };

  const upload = async (bytes: number): Promise<void> => {
    const hash = createHash('sha256');
    const chunk = Buffer.alloc(65_536, 'wechat');
    const body = Readable.from(
      (function* () {
        for (let left = bytes; left > 0; left -= chunk.length) {
          const part = chunk.subarray(0, Math.min(left, chunk.length));
          hash.update(part);
          yield part;
        }
      })(),
    );
    const answer = await fetch(`${url}${PREFIX}/cgi-bin/media/upload`, {
      method: 'POST',
      headers: { ...bearer(KEY), 'content-type': 'video/mp4' },
      body: Readable.toWeb(body) as ReadableStream,
      ...({ duplex: 'half' } as object),
    });
    expect(await answer.json()).toMatchObject({ bodyBytes: bytes, bodySha256: hash.digest('hex') });
  };

  const download = (bytes: number): Promise<void> =>
    new Promise((resolve, reject) => {
      let received = 0;
      request(`${url}${PREFIX}/cgi-bin/media/get?bytes=${bytes}`, { headers: bearer(KEY) }, (answer) => {
        answer.on('data', (chunk: Buffer) => (received += chunk.length));
        answer.once('error', reject);
        answer.once('end', () => {
          if (received === bytes) resolve();
          else reject(new Error(`${received} of ${bytes} bytes`));
        });
      }).end();
    });

  it('a 15 MiB upload', async () => {
    expect(await growthDuring(() => upload(15 * MIB))).toBeLessThan(MOST_GROWTH_MIB);
  });

  it('a 200 MiB download', async () => {
    expect(await growthDuring(() => download(200 * MIB))).toBeLessThan(MOST_GROWTH_MIB);
  }, 60_000);

  it('a 200 MiB download that nobody reads', async () => {
    const growth = await growthDuring(async () => {
      await new Promise<void>((resolve) => {
        const call = request(
          `${url}${PREFIX}/cgi-bin/media/get?bytes=${200 * MIB}`,
          { headers: bearer(KEY) },
          (answer) => {
            answer.pause();
            setTimeout(() => {
              call.destroy();
              resolve();
            }, 1500);
          },
        );
        call.on('error', () => undefined);
        call.end();
      });
    });
    expect(growth).toBeLessThan(MOST_GROWTH_MIB);
  });

  it('shuts down in time while a download goes on that nobody reads', async () => {
    const call = request(
      `${url}${PREFIX}/cgi-bin/media/get?bytes=${200 * MIB}`,
      { headers: bearer(KEY) },
      (answer) => answer.pause(),
    );
    call.on('error', () => undefined);
    call.end();
    await eventually(() => simulator.calls({ endpoint: 'business' }) > 0);
    hub.kill('SIGTERM');
    const { code, afterMs } = await hub.exited;
    expect(code).toBe(0);
    expect(afterMs).toBeLessThan(10_000);
    expect(hub.log.some(({ msg }) => msg === 'stopped')).toBe(true);
  });
});
