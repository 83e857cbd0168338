import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppsConfig, type ReloadOutcome } from '../../src/config/reload/apps-config.service.js';
import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { appsYaml, bearer, startHub, testKey, type RunningHub } from '../support/start-hub.js';

/** apps.yaml changes on disk and nobody tells the hub: real files, real time. */

const KEY = testKey('watch');
const CLIENTS = [{ id: 'watch', key: KEY, apps: '*', may: ['read', 'admin'] }];
const app = (appid: string) => ({ appid, secret: `simulated-secret-of-${appid}` });

let simulator: WeChatSimulator;
let hub: RunningHub;

beforeEach(async () => {
  const apps = Array.from({ length: 8 }, (_, index) => app(`wx-${index}`));
  simulator = await WeChatSimulator.start({ apps });
});

afterEach(async () => {
  await hub.stop();
  await simulator.close();
});

const start = async (environment: Record<string, string> = {}) => {
  hub = await startHub({ upstream: simulator.url, apps: [app('wx-0')], clients: CLIENTS, environment });
};

/** The next reload that is not the repetition of one before. */
function nextReload(): Promise<{ outcome: ReloadOutcome; trigger: string }> {
  return new Promise((resolve) => {
    const forget = hub.app.get(AppsConfig).onReload((outcome, trigger) => {
      forget();
      resolve({ outcome, trigger });
    });
  });
}

const read = (appid: string) => hub.get(`/v1/apps/${appid}/token`, bearer(KEY));

describe('a change of apps.yaml', () => {
  it('is taken up by itself, five times in a row', async () => {
    await start();
    for (let round = 1; round <= 5; round++) {
      const reloaded = nextReload();
      hub.writeApps([app('wx-0'), app(`wx-${round}`)]);
      expect(await reloaded).toMatchObject({
        trigger: 'file',
        outcome: { ok: true, added: [`wx-${round}`], removed: round === 1 ? [] : [`wx-${round - 1}`] },
      });
      expect((await read(`wx-${round}`)).status).toBe(200);
    }
    expect(simulator.calls({ appid: 'wx-0' })).toBe(1);
  });

  it('to a bad file is refused with a line in the log, and the next good one is taken up', async () => {
    await start();
    const refused = nextReload();
    writeFileSync(hub.appsFile, 'version: 1\napps: nothing\n');
    expect((await refused).outcome.ok).toBe(false);
    expect((await read('wx-0')).status).toBe(200);
    const line = hub.log.find((text) => text.includes('configuration refused'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({ level: 'error', trigger: 'file' });
    const reloaded = nextReload();
    hub.writeApps([app('wx-0'), app('wx-1')]);
    expect((await reloaded).outcome.ok).toBe(true);
    expect((await read('wx-1')).status).toBe(200);
  });

  it('by an editor that writes another file and renames it', async () => {
    await start();
    for (let round = 1; round <= 3; round++) {
      const reloaded = nextReload();
      writeFileSync(`${hub.appsFile}.tmp`, appsYaml([app('wx-0'), app(`wx-${round}`)], CLIENTS));
      renameSync(`${hub.appsFile}.tmp`, hub.appsFile);
      expect((await reloaded).outcome).toMatchObject({ ok: true, added: [`wx-${round}`] });
    }
  });

  it('SIGHUP reloads, also where nothing changed', async () => {
    await start();
    const reloaded = nextReload();
    process.emit('SIGHUP');
    expect(await reloaded).toMatchObject({ trigger: 'signal', outcome: { ok: true, unchanged: 1 } });
  });
});

describe('a ConfigMap', () => {
  let mount: string;

  beforeEach(() => {
    mount = mkdtempSync(join(tmpdir(), 'hub-configmap-'));
  });

  afterEach(() => {
    rmSync(mount, { recursive: true, force: true });
  });

  /** As the kubelet does: a new folder, then `..data` swapped to it at once, then the old folder goes. */
  function publish(round: number, files: Record<string, string>): void {
    const folder = `..2026_11_23_00_00_0${round}.123456`;
    mkdirSync(join(mount, folder));
    for (const [name, content] of Object.entries(files)) writeFileSync(join(mount, folder, name), content);
    symlinkSync(folder, join(mount, '..data_tmp'));
    renameSync(join(mount, '..data_tmp'), join(mount, '..data'));
    for (const name of Object.keys(files)) {
      if (round === 0) symlinkSync(join('..data', name), join(mount, name));
    }
    if (round > 0) rmSync(join(mount, `..2026_11_23_00_00_0${round - 1}.123456`), { recursive: true });
  }

  it('is swapped again and again: each time the hub follows', async () => {
    const yaml = (round: number) => appsYaml([app('wx-0'), app(`wx-${round + 1}`)], CLIENTS);
    publish(0, { 'apps.yaml': yaml(0) });
    await start({ HUB_APPS_FILE: join(mount, 'apps.yaml') });
    for (let round = 1; round <= 5; round++) {
      const reloaded = nextReload();
      publish(round, { 'apps.yaml': yaml(round) });
      expect((await reloaded).outcome).toMatchObject({
        ok: true,
        added: [`wx-${round + 1}`],
        removed: [`wx-${round}`],
        unchanged: 1,
      });
      expect((await read(`wx-${round + 1}`)).status).toBe(200);
      expect((await read(`wx-${round}`)).status).toBe(403);
    }
  });

  it('or a mounted Secret beside it: a changed secret file is a change of its app', async () => {
    const secrets = ['simulated-secret-first', 'simulated-secret-second', 'simulated-secret-third'];
    simulator.setSecret('wx-0', secrets[0]!);
    const yaml = appsYaml([{ appid: 'wx-0', secretFile: 'wx-0.secret' } as never], CLIENTS);
    publish(0, { 'apps.yaml': yaml, 'wx-0.secret': `${secrets[0]!}\n` });
    await start({ HUB_APPS_FILE: join(mount, 'apps.yaml') });
    for (const secret of secrets) hub.leaks.addSecret('a secret file', secret);
    expect((await read('wx-0')).status).toBe(200);
    for (const round of [1, 2]) {
      simulator.setSecret('wx-0', secrets[round]!);
      const reloaded = nextReload();
      publish(round, { 'apps.yaml': yaml, 'wx-0.secret': `${secrets[round]!}\n` });
      expect((await reloaded).outcome).toMatchObject({ ok: true, changed: ['wx-0'] });
      await simulator.waitForCalls(round + 1);
      expect((await read('wx-0')).status).toBe(200);
    }
    expect(simulator.journal().map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok']);
  });
});
