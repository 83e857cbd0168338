import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSimulator, stopSimulators } from '../support/simulator-harness.js';
import type { WeChatSimulator } from '../../src/simulator/simulator.js';
import { eventually } from '../support/eventually.js';
import { HubProcess } from '../support/hub-process.js';
import { seededRandom } from '../support/seeded-random.js';
import { bearer, testKey, type AppEntry } from '../support/start-hub.js';

/** A single hub with HUB_STATE_FILE, as it runs for real: killed, restarted, on a disk that is full. */

const KEY = testKey('state-file');
const CLIENTS = [
  { id: 'reader', key: KEY, apps: '*', may: ['read', 'report', 'admin'], requestsPerMinute: 1_000_000 },
];
const STABLE = appOf('wx-stable', { tokenApi: 'stable_token', tickets: ['jsapi'] });
const MINTING = appOf('wx-minting', { tokenApi: 'token' });
const APPS = [STABLE, MINTING];
const K1 = `k1:${randomBytes(32).toString('base64')}`;
const K2 = `k2:${randomBytes(32).toString('base64')}`;

let folder: string;
let stateFile: string;
let simulator: WeChatSimulator;
const hubs: HubProcess[] = [];

function appOf(appid: string, settings: Readonly<Record<string, unknown>>): AppEntry {
  return { appid, secret: `simulated-secret-of-${appid}`, ...settings };
}

async function setUp(tokenLifeSeconds = 7200): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), 'hub-state-'));
  stateFile = join(folder, 'state');
  simulator = await startSimulator({
    apps: APPS.map(({ appid, secret }) => ({ appid, secret })),
    tokenLifeSeconds,
  });
}

afterEach(async () => {
  await Promise.all(hubs.splice(0).map((hub) => hub.dispose()));
  await stopSimulators();
  rmSync(folder, { recursive: true });
});

function start(
  environment: Readonly<Record<string, string>> = {},
  apps: readonly AppEntry[] = APPS,
): HubProcess {
  const hub = new HubProcess({
    upstream: simulator.url,
    apps,
    clients: CLIENTS,
    environment: { HUB_STATE_FILE: stateFile, HUB_ENCRYPTION_KEYS: K1, ...environment },
  });
  hubs.push(hub);
  return hub;
}

interface Seen {
  readonly token: string;
  readonly expiresIn: number;
  readonly version: number;
}

/** What a caller gets; judged: it was alive while it was asked for, and lives as long as was promised. */
async function read(url: string, appid: string): Promise<Seen | undefined> {
  const askedAt = simulator.now();
  const response = await fetch(`${url}/v1/apps/${appid}/token`, { headers: bearer(KEY) });
  if (response.status !== 200) return undefined;
  const body = (await response.json()) as { access_token: string; expires_in: number; version: number };
  const validity = simulator.validity(body.access_token);
  expect({ appid, diedBefore: askedAt - (validity?.diesAt ?? 0) > 0 }).toEqual({ appid, diedBefore: false });
  return { token: body.access_token, expiresIn: body.expires_in, version: body.version };
}

async function readAll(url: string): Promise<Record<string, Seen>> {
  const all: Record<string, Seen> = {};
  for (const { appid } of APPS) {
    await eventually(async () => {
      const seen = await read(url, appid);
      if (seen !== undefined) all[appid] = seen;
      return seen !== undefined;
    }, `a token of ${appid}`);
  }
  return all;
}

async function kill(hub: HubProcess): Promise<void> {
  hub.kill('SIGKILL');
  await hub.exited;
}

async function metric(opsUrl: string, name: string): Promise<number | undefined> {
  const text = await (await fetch(`${opsUrl}/metrics`)).text();
  const [, value] = new RegExp(`^${name} (\\S+)$`, 'm').exec(text) ?? [];
  return value === undefined ? undefined : Number(value);
}

function askedForTokens(): number {
  return simulator.calls({ endpoint: 'token' }) + simulator.calls({ endpoint: 'stable_token' });
}

it.each([
  ['kill -9', 'SIGKILL'],
  ['a stop', 'SIGTERM'],
] as const)(
  'after %s the same tokens and tickets are there at once, for as long as they live, and WeChat is not asked',
  async (_what, signal) => {
    await setUp();
    const first = start();
    const { url } = await first.listening();
    const before = await readAll(url);
    const ticketPath = `/v1/apps/${STABLE.appid}/tickets/jsapi`;
    const ticket = await (await fetch(`${url}${ticketPath}`, { headers: bearer(KEY) })).json();
    // A token is on the disk before it is served; the ticket within a moment.
    await new Promise((resolve) => setTimeout(resolve, 500));
    first.kill(signal);
    await first.exited;
    const asked = askedForTokens();
    const tickets = simulator.calls({ endpoint: 'getticket' });

    const again = await start().listening();
    const after = await readAll(again.url);
    for (const { appid } of APPS) {
      expect(after[appid]).toMatchObject({ token: before[appid]!.token, version: before[appid]!.version });
      const left = (simulator.validity(after[appid]!.token)!.expiresAt - simulator.now()) / 1000;
      expect(left - after[appid]!.expiresIn).toBeGreaterThanOrEqual(0);
      expect(left - after[appid]!.expiresIn).toBeLessThan(3);
    }
    const same = await (await fetch(`${again.url}${ticketPath}`, { headers: bearer(KEY) })).json();
    expect(same).toMatchObject({ ticket: (ticket as { ticket: string }).ticket });
    expect(askedForTokens()).toBe(asked);
    expect(simulator.calls({ endpoint: 'getticket' })).toBe(tickets);
  },
  60_000,
);

/** Short lives: what was replaced is dead before the next process serves it, if it does. */
it.each([1, 2])(
  'kill -9 between any two steps: no dead token is ever served (seed %i)',
  async (seed) => {
    const random = seededRandom(seed);
    await setUp(8);
    for (let round = 0; round < 6; round += 1) {
      const hub = start();
      const { url } = await hub.listening();
      const end = new AbortController();
      const reading = (async () => {
        while (!end.signal.aborted) for (const { appid } of APPS) await read(url, appid).catch(() => undefined);
      })();
      const until = performance.now() + 200 + random() * 1500;
      while (performance.now() < until) {
        const { appid } = random() < 0.5 ? STABLE : MINTING;
        const body = JSON.stringify({ force: random() < 0.3 });
        const headers = { ...bearer(KEY), 'content-type': 'application/json' };
        // Not awaited: the end may come in the middle.
        fetch(`${url}/admin/apps/${appid}/refresh`, { method: 'POST', headers, body }).catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, random() * 400));
      }
      await kill(hub);
      end.abort();
      await reading;
    }
    const { url } = await start().listening();
    await readAll(url);
  },
  120_000,
);

it.each([
  ['torn', (path: string) => truncateSync(path, statSync(path).size - 20), /is torn: it has \d+ bytes/],
  ['somebody else’s', (path: string) => writeFileSync(path, 'SQLite format 3'), /is not a state file/],
])('a file that is %s ends the start with 78 and a hint, and stays as it is', async (_what, spoil, words) => {
  await setUp();
  const first = start();
  await readAll((await first.listening()).url);
  await kill(first);
  spoil(stateFile);
  const before = readFileSync(stateFile);
  const second = start();
  expect((await second.exited).code).toBe(78);
  expect(second.stderr).toEqual([expect.stringMatching(words)]);
  expect(second.stderr[0]).toContain(`HUB_STATE_FILE: ${stateFile}`);
  expect(second.stdout).toEqual([]);
  expect(readFileSync(stateFile)).toEqual(before);
});

it('of two processes one has the file; the other ends with 78, and the first serves and writes on', async () => {
  await setUp();
  const first = start();
  const { url, opsUrl } = await first.listening();
  await readAll(url);
  const second = start();
  expect((await second.exited).code).toBe(78);
  expect(second.stderr).toEqual([
    expect.stringMatching(
      new RegExp(`is in use by another process \\(process ${String(first.child.pid)} on `),
    ),
  ]);
  const writes = await metric(opsUrl, 'wxhub_state_file_writes_total{outcome="ok"}');
  await fetch(`${url}/admin/apps/${MINTING.appid}/refresh`, { method: 'POST', headers: bearer(KEY) });
  await eventually(
    async () => (await metric(opsUrl, 'wxhub_state_file_writes_total{outcome="ok"}'))! > writes!,
    'another write',
  );
});

it.each([
  [{ HUB_ENCRYPTION_KEYS: '' }, /^HUB_STATE_FILE: needs HUB_ENCRYPTION_KEYS/],
  [{ HUB_REDIS_URL: 'redis://127.0.0.1:1' }, /^HUB_STATE_FILE: goes with the memory store alone/],
  [{ HUB_STATE_FILE: '/nowhere/at/all' }, /make its folder first/],
])('%j ends the start with 78', async (environment, words) => {
  await setUp();
  const hub = start(environment);
  expect((await hub.exited).code).toBe(78);
  expect(hub.stderr).toEqual([expect.stringMatching(words)]);
});

it('keys rotate: the new one in front, then the old one away, and the tokens stay', async () => {
  await setUp();
  const tokens: string[] = [];
  for (const keys of [K1, `${K2},${K1}`, K2]) {
    const hub = start({ HUB_ENCRYPTION_KEYS: keys });
    const seen = await readAll((await hub.listening()).url);
    tokens.push(seen[MINTING.appid]!.token);
    hub.kill('SIGTERM');
    await hub.exited;
  }
  expect(new Set(tokens).size).toBe(1);
  const stranger = start({ HUB_ENCRYPTION_KEYS: K1 });
  expect((await stranger.exited).code).toBe(78);
  expect(stranger.stderr[0]).toMatch(/encrypted with the key "k2".*Add that key behind the others/);
}, 60_000);

/** A disk of 256 KiB, where that may be had. */
function smallDisk(): string | undefined {
  const path = join(folder, 'disk');
  mkdirSync(path);
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', path]);
  return status === 0 ? path : undefined;
}

it('a full disk costs no token and is told of; with room again the file is written', async () => {
  await setUp();
  const disk = smallDisk();
  if (disk === undefined) {
    console.warn('skipped: no tmpfs can be mounted here (root alone may)');
    return;
  }
  try {
    stateFile = join(disk, 'state');
    const hub = start();
    const { url, opsUrl } = await hub.listening();
    const before = await readAll(url);
    const { size } = statSync(stateFile);
    writeFileSync(join(disk, 'filler'), Buffer.alloc(256 * 1024 - 4096 * Math.ceil(size / 4096) - 4096));

    const refreshed = await fetch(`${url}/admin/apps/${MINTING.appid}/refresh`, {
      method: 'POST',
      headers: bearer(KEY),
    });
    expect(refreshed.status).toBe(200);
    const during = await readAll(url);
    expect(during[MINTING.appid]!.version).toBe(before[MINTING.appid]!.version + 1);
    const line = await hub.logged('the state file cannot be written; the hub goes on with what it holds');
    expect(line).toMatchObject({
      level: 'error',
      cause: 'ENOSPC',
      hint: expect.stringContaining('make room') as string,
    });
    expect(await metric(opsUrl, 'wxhub_state_file_up')).toBe(0);

    rmSync(join(disk, 'filler'));
    await hub.logged('the state file is written again');
    expect(await metric(opsUrl, 'wxhub_state_file_up')).toBe(1);
    await kill(hub);
    const after = await readAll((await start().listening()).url);
    expect(after[MINTING.appid]!.token).toBe(during[MINTING.appid]!.token);
    await Promise.all(hubs.splice(0).map((each) => each.dispose()));
  } finally {
    for (const hub of hubs) hub.child.kill('SIGKILL');
    await Promise.all(hubs.map((hub) => hub.exited));
    execFileSync('umount', [disk]);
  }
}, 60_000);
