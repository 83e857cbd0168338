import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../support/eventually.js';
import { MINTING, Replicas, STABLE, stopReplicas, type Replica } from '../../support/replicas.js';
import { RedisServer, stopRedisServers } from '../../support/redis-server.js';

/** The wall clock of one hub jumps by an hour, either way. Nothing is decided by it. */

const HOUR_SECONDS = 3600;
/** Of a header in whole seconds, on a busy machine. */
const TOLERANCE_MS = 60_000;

const folder = mkdtempSync(join(tmpdir(), 'wall-clock-'));
const offsetFile = join(folder, 'offset');

afterEach(async () => {
  await stopReplicas();
  await stopRedisServers();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** libfaketime.so.1 of Debian's package `faketime`, wherever this machine's architecture has it. */
function libfaketime(): string {
  const folders = ['/usr/lib', ...readdirSync('/usr/lib').map((name) => join('/usr/lib', name))];
  const found = folders
    .map((path) => join(path, 'faketime', 'libfaketime.so.1'))
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error('faketime is missing: npm test installs it, or says how to');
  return found;
}

function setWallClock(offsetSeconds: number): void {
  writeFileSync(offsetFile, `${offsetSeconds < 0 ? '-' : '+'}${Math.abs(offsetSeconds)}`);
}

/** By how much the hub's wall clock is ahead of this process's, as its answers show. */
async function aheadMs(hub: Replica): Promise<number> {
  const { headers } = await fetch(`${hub.opsUrl}/livez`);
  return Date.parse(headers.get('date') ?? '') - Date.now();
}

it('jumps forward and back, over several rotations', async () => {
  setWallClock(0);
  const redis = await RedisServer.start();
  const faked = {
    LD_PRELOAD: libfaketime(),
    FAKETIME_TIMESTAMP_FILE: offsetFile,
    FAKETIME_CACHE_DURATION: '1',
    // The monotonic clock is another clock: nobody can set it.
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
  const replicas = await Replicas.start(redis.url, {
    environment: (nth): Record<string, string> => (nth === 0 ? faked : {}),
  });
  const jumping = replicas.all.find(({ name }) => name === 'hub-1')!;
  for (const hours of [1, -1]) {
    const before = replicas.mints(MINTING);
    setWallClock(hours * HOUR_SECONDS);
    await eventually(
      async () => Math.abs((await aheadMs(jumping)) - hours * HOUR_SECONDS * 1000) < TOLERANCE_MS,
      `the hub’s clock is ${hours} h ahead`,
    );
    await replicas.minted(MINTING, before + 1);
    await replicas.agreed(MINTING.appid);
    await replicas.agreed(STABLE.appid);
  }
  expect(replicas.doubleMints(MINTING)).toEqual([]);
}, 90_000);
