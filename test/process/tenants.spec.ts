import { jest } from '@jest/globals';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'undici';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { HubProcess } from '../support/hub-process.js';
import { bearer, sha256, testKey } from '../support/start-hub.js';

jest.setTimeout(180_000);

/**
 * 50 tenants in one process: two whose files are broken, one of whose 5,000 apps none works, one that changes its file
 * and reloads without end, and 46 that must notice nothing of it, beside the operators.
 */
const QUIET = Array.from({ length: 46 }, (_, index) => `quiet-${String(index).padStart(2, '0')}`);
const FAILING = 5000;
/** CONTRACT, section 11. Milliseconds. */
const SECOND = 1000;
const RECONCILE_SECONDS = 5;
/** How long all are watched. Milliseconds. */
const WATCHED_MS = 25_000;

const secretOf = (appid: string): string => `simulated-secret-of-${appid}`;
const appsOf = (tenant: string): string[] => ['a', 'b', 'c'].map((app) => `wx-${tenant}-${app}`);
const keyOf = (tenant: string): string => testKey(tenant);

let folder: string;
let simulator: WeChatSimulator;
let hub: HubProcess | undefined;

function write(tenant: string, appids: readonly string[], more: object = {}): void {
  mkdirSync(join(folder, 'secrets', tenant), { recursive: true });
  for (const appid of appids) writeFileSync(join(folder, 'secrets', tenant, appid), secretOf(appid));
  const file = {
    version: 1,
    apps: appids.map((appid) => ({ appid, secretFile: appid })),
    clients: [
      { id: 'all', keys: [{ id: 'first', sha256: sha256(keyOf(tenant)) }], apps: '*', may: ['read', 'admin'] },
    ],
    ...more,
  };
  put(`${tenant}.yaml`, JSON.stringify(file, undefined, 1));
}

/** In one step, as Kubernetes and editors do. */
function put(name: string, content: string): void {
  writeFileSync(join(folder, `.${name}`), content);
  renameSync(join(folder, `.${name}`), join(folder, 'config', name));
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hub-tenants-'));
  mkdirSync(join(folder, 'config'));
  simulator = await WeChatSimulator.start({ acceptAnyApp: secretOf, journalEntries: 1_000_000 });
  put(
    'hub.yaml',
    JSON.stringify({
      version: 1,
      defaults: { reconcileSeconds: RECONCILE_SECONDS },
      clients: [{ id: 'ops', keys: [{ id: 'first', sha256: sha256(keyOf('ops')) }], apps: '*', may: ['admin'] }],
    }),
  );
  for (const tenant of QUIET) write(tenant, appsOf(tenant));
});

afterEach(async () => {
  await hub?.dispose();
  await simulator.close();
  rmSync(folder, { recursive: true, force: true });
});

const start = (): HubProcess =>
  new HubProcess({
    upstream: simulator.url,
    environment: { HUB_APPS_FILE: join(folder, 'config'), HUB_SECRETS_DIR: join(folder, 'secrets') },
  });

/** Milliseconds from now until WeChat has been asked for each app of the quiet ones. */
async function firstCalls(): Promise<number> {
  const began = simulator.now();
  const missing = new Set(QUIET.flatMap(appsOf));
  while (missing.size > 0) {
    await sleep(20);
    for (const { appid } of simulator.journal()) missing.delete(appid);
  }
  const last = Math.max(
    ...QUIET.flatMap(appsOf).map((appid) => simulator.journal({ appid })[0]?.at ?? Number.POSITIVE_INFINITY),
  );
  return last - began;
}

interface Watch {
  readonly violations: string[];
  readonly delays: number[];
}

it('46 of 50 notice nothing of the four that are in trouble', async () => {
  // What it takes without anybody in trouble.
  const alone = new HubProcess({
    upstream: simulator.url,
    environment: { HUB_APPS_FILE: join(folder, 'config'), HUB_SECRETS_DIR: join(folder, 'secrets') },
  });
  const undisturbedMs = await firstCalls();
  await alone.dispose();
  simulator.resetJournal();

  // WeChat is slow to refuse every other call of theirs, and never answers the rest.
  simulator.fault({ kind: 'errcode', errcode: -1, appid: 'wx-failing-*', times: Infinity, delayMs: 300 });
  simulator.fault({ kind: 'hang', appid: 'wx-failing-*', times: Infinity, probability: 0.5 });
  write('failing', Array.from({ length: FAILING }, (_, index) => `wx-failing-${index}`));
  write('restless', appsOf('restless'));
  write('breaking', appsOf('breaking'));
  put('broken.yaml', 'version: 1\napps: [');
  hub = start();
  const disturbedMs = await firstCalls();
  const { url } = await hub.listening();
  console.log({ undisturbedMs, disturbedMs });

  const agent = new Agent({ connections: 64 });
  const watch: Watch = { violations: [], delays: [] };
  const until = performance.now() + WATCHED_MS;
  const ask = async (path: string, key: string, init: RequestInit = {}) => {
    const since = performance.now();
    const answer = await fetch(`${url}${path}`, {
      ...init,
      headers: bearer(key),
      dispatcher: agent,
    } as RequestInit);
    const json = (await answer.json()) as Record<string, unknown>;
    return { status: answer.status, json, ms: performance.now() - since };
  };
  const read = async (tenant: string): Promise<void> => {
    for (let nth = 0; performance.now() < until; nth += 1) {
      const appid = appsOf(tenant)[nth % 3]!;
      const askedAt = simulator.now();
      const { status, json, ms } = await ask(`/v1/apps/${appid}/token`, keyOf(tenant));
      watch.delays.push(ms);
      const validity = simulator.validity(String(json.access_token));
      if (status !== 200 || validity?.appid !== appid || validity.diesAt <= askedAt)
        watch.violations.push(`${appid}: ${status}, token ${JSON.stringify(validity)}`);
      await sleep(150);
    }
  };
  const reload = async (): Promise<number> => {
    let reloads = 0;
    for (; performance.now() < until; reloads += 1) {
      write('restless', [...appsOf('restless'), `wx-restless-${reloads % 2}`]);
      const { status, ms } = await ask('/admin/reload', keyOf('restless'), { method: 'POST' });
      if (status !== 200) watch.violations.push(`reload: ${status}`);
      if (reloads % 50 === 0) console.log('reload', ms);
    }
    return reloads;
  };
  /** Quiet ones add an app each, one after the other: its first token is there within a second. */
  const grow = async (): Promise<number[]> => {
    const took: number[] = [];
    for (const tenant of QUIET.slice(0, 8)) {
      const appid = `wx-${tenant}-new`;
      const since = performance.now();
      write(tenant, [...appsOf(tenant), appid]);
      const { status } = await ask('/admin/reload', keyOf(tenant), { method: 'POST' });
      if (status !== 200) watch.violations.push(`${tenant}: reload ${status}`);
      for (;;) {
        const answer = await ask(`/v1/apps/${appid}/token`, keyOf(tenant));
        if (answer.status === 200) break;
        if (performance.now() - since > 20_000) {
          watch.violations.push(`${appid}: no token`);
          break;
        }
        await sleep(10);
      }
      took.push(performance.now() - since);
      await sleep(500);
    }
    return took;
  };
  const breakLater = async (): Promise<void> => {
    await sleep(3000);
    put('breaking.yaml', 'version: 1\nclients: {}');
  };
  const [reloads, took] = await Promise.all([reload(), grow(), breakLater(), ...QUIET.map(read)]);
  await agent.close();
  const gaps = QUIET.flatMap(appsOf).flatMap((appid) => {
    const times = simulator.journal({ appid }).map(({ at }) => at);
    return times.slice(1).map((at, index) => at - times[index]!);
  });
  const q = (list: number[]) => {
    const sorted = [...list].sort((a, b) => a - b);
    return [0.5, 0.9, 0.99, 0.999, 1].map((p) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))]!));
  };
  console.log({ reloads, took: took.map(Math.round), delays: q(watch.delays), n: watch.delays.length, gaps: q(gaps), calls: simulator.calls() });
  console.log(watch.violations.slice(0, 10));
});
