import { Logger } from '@nestjs/common';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppsConfig, type ReloadOutcome, type ReloadTrigger } from './apps-config.service.js';
import { FakeClock } from '../../../test/support/fake-clock.js';
import { AppsFileLoader } from './loader.js';
import { AppsFileWatcher, type LookOutcome, type WatcherOptions } from './watcher.js';

/** Waits for what is pushed, one item at a time. */
class Inbox<T> {
  readonly #items: T[] = [];
  #wake: () => void = () => undefined;

  push(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  async next(): Promise<T> {
    while (this.#items.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#items.shift()!;
  }

  /** Skips all up to one that fits. */
  async until(fits: (item: T) => boolean): Promise<T> {
    for (;;) {
      const item = await this.next();
      if (fits(item)) return item;
    }
  }

  drain(): T[] {
    return this.#items.splice(0);
  }
}

interface Watched {
  readonly config: AppsConfig;
  readonly watcher: AppsFileWatcher;
  readonly reloads: Inbox<{ outcome: ReloadOutcome; trigger: ReloadTrigger }>;
  readonly looks: Inbox<LookOutcome>;
}

let folder: string;
const open: AppsFileWatcher[] = [];

beforeAll(() => {
  Logger.overrideLogger(false);
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hub-watch-'));
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((watcher) => watcher.onModuleDestroy()));
  rmSync(folder, { recursive: true, force: true });
});

/** No polling unless a test asks for it, so that what is seen was seen by an event. */
async function watched(file: string, options: Partial<WatcherOptions> = {}): Promise<Watched> {
  const loader = new AppsFileLoader(file, { env: () => ({}) });
  const config = new AppsConfig(loader);
  const reloads: Watched['reloads'] = new Inbox();
  const looks: Watched['looks'] = new Inbox();
  config.onReload((outcome, trigger) => {
    reloads.push({ outcome, trigger });
  });
  const watcher = new AppsFileWatcher(config, loader, {
    debounceMs: 20,
    maxDebounceMs: 100,
    pollMs: 3_600_000,
    pollUnwatchedMs: 20,
    stillMs: 50,
    onLook: (outcome) => {
      looks.push(outcome);
    },
    ...options,
  });
  open.push(watcher);
  await config.load();
  await watcher.onModuleInit();
  expect(await looks.next()).toBe('same');
  return { config, watcher, reloads, looks };
}

const textOf = (...appids: string[]): string =>
  `version: 1\napps:${appids.length === 0 ? ' []' : ''}\n${appids.map((appid) => `  - { appid: ${appid}, secret: s-${appid} }\n`).join('')}`;

/** As kubelet does: a new folder, then a symlink renamed over `..data`, then the old folder is removed. */
function swap(volume: string, generation: number, files: Record<string, string>): void {
  const name = `..2026_generation_${generation}`;
  mkdirSync(join(volume, name));
  for (const [file, content] of Object.entries(files)) writeFileSync(join(volume, name, file), content);
  symlinkSync(name, join(volume, '..data_tmp'));
  renameSync(join(volume, '..data_tmp'), join(volume, '..data'));
  if (generation > 0) rmSync(join(volume, `..2026_generation_${generation - 1}`), { recursive: true });
}

function mountVolume(name: string, files: Record<string, string>): string {
  const volume = join(folder, name);
  mkdirSync(volume);
  swap(volume, 0, files);
  for (const file of Object.keys(files)) symlinkSync(join('..data', file), join(volume, file));
  return volume;
}

describe('AppsFileWatcher', () => {
  it('reloads at each swap of a ConfigMap, again and again', async () => {
    const volume = mountVolume('config', { 'apps.yaml': textOf('wx0') });
    const { config, reloads } = await watched(join(volume, 'apps.yaml'));
    for (let generation = 1; generation <= 6; generation += 1) {
      swap(volume, generation, { 'apps.yaml': textOf(`wx${generation}`) });
      expect(await reloads.next()).toMatchObject({
        trigger: 'file',
        outcome: { ok: true, added: [`wx${generation}`], removed: [`wx${generation - 1}`] },
      });
      expect([...config.current.apps.keys()]).toEqual([`wx${generation}`]);
    }
    expect(reloads.drain()).toEqual([]);
  });

  it('reloads when a mounted secret is rotated, again and again', async () => {
    const secrets = mountVolume('secrets', { wx1: 'first' });
    const file = join(folder, 'apps.yaml');
    writeFileSync(file, `version: 1\napps: [{ appid: wx1, secretFile: secrets/wx1 }]\n`);
    const { config, reloads } = await watched(file);
    for (let generation = 1; generation <= 5; generation += 1) {
      swap(secrets, generation, { wx1: `secret-${generation}` });
      expect((await reloads.next()).outcome).toMatchObject({ ok: true, changed: ['wx1'] });
      expect(config.current.apps.get('wx1')?.secret.reveal()).toBe(`secret-${generation}`);
    }
  });

  it('watches the folders of secret files that a reload brought in', async () => {
    mkdirSync(join(folder, 'secrets'));
    writeFileSync(join(folder, 'secrets/a'), 'one');
    const file = join(folder, 'apps.yaml');
    writeFileSync(file, textOf('wx1'));
    const { looks, reloads } = await watched(file);
    writeFileSync(file, `version: 1\napps: [{ appid: wx1, secretFile: secrets/a }]\n`);
    await looks.until((look) => look === 'reloaded');
    writeFileSync(join(folder, 'secrets/a'), 'two');
    await looks.until((look) => look === 'reloaded');
    expect(reloads.drain().map(({ outcome }) => outcome)).toMatchObject([
      { changed: ['wx1'] },
      { changed: ['wx1'] },
    ]);
  });

  it('reloads when the file is written in place and when it is replaced', async () => {
    const file = join(folder, 'apps.yaml');
    writeFileSync(file, textOf('wx1'));
    const { reloads } = await watched(file);
    writeFileSync(file, textOf('wx1', 'wx2'));
    await reloads.until(({ outcome }) => outcome.ok && outcome.added.includes('wx2'));
    writeFileSync(`${file}.new`, textOf('wx3'));
    renameSync(`${file}.new`, file);
    await reloads.until(({ outcome }) => outcome.ok && outcome.added.includes('wx3'));
  });

  it('does nothing about other files, a touch, or a reload that was asked for already', async () => {
    const file = join(folder, 'apps.yaml');
    writeFileSync(file, textOf('wx1'));
    const { config, looks, reloads } = await watched(file);
    writeFileSync(join(folder, 'other.txt'), 'x');
    expect(await looks.next()).toBe('same');
    writeFileSync(file, textOf('wx1'));
    expect(await looks.next()).toBe('same');
    expect(reloads.drain()).toEqual([]);
    writeFileSync(file, textOf('wx2'));
    await config.reload('admin');
    expect(await looks.next()).toBe('same');
    expect(reloads.drain().map(({ trigger }) => trigger)).toEqual(['admin']);
  });

  it('reports a bad file once, and again only when it changes', async () => {
    const file = join(folder, 'apps.yaml');
    writeFileSync(file, textOf('wx1'));
    const { config, looks, reloads } = await watched(file);
    writeFileSync(file, 'version: 1\napps: []\nnotify: [{ type: wecom, urlFile: later }]\n');
    expect((await reloads.next()).outcome).toMatchObject({
      ok: false,
      problems: [{ path: 'notify[0].urlFile' }],
    });
    writeFileSync(join(folder, 'other.txt'), 'x');
    await looks.until((look) => look === 'same');
    expect(reloads.drain()).toEqual([]);
    expect([...config.current.apps.keys()]).toEqual(['wx1']);
    // The secret file that was missing comes: apps.yaml itself has not changed.
    writeFileSync(join(folder, 'later'), 'https://robot.example/simulated');
    await reloads.until(({ outcome }) => outcome.ok && outcome.removed.includes('wx1'));
  });

  it('goes on with the AppSecret that it had where the file is gone, and takes the new one when it comes', async () => {
    const file = join(folder, 'apps.yaml');
    const secret = join(folder, 'wx1.secret');
    writeFileSync(secret, 'first');
    writeFileSync(file, 'version: 1\napps: [{ appid: wx1, secretFile: wx1.secret }]\n');
    const { config, reloads } = await watched(file);
    rmSync(secret);
    expect((await reloads.next()).outcome).toMatchObject({
      ok: true,
      unchanged: 1,
      warnings: [{ path: 'apps[0].secretFile', line: 2 }],
    });
    expect(config.current.apps.get('wx1')?.secret.reveal()).toBe('first');
    expect([...config.secretProblems]).toEqual([['wx1', expect.stringContaining('(ENOENT)')]]);
    writeFileSync(secret, 'second');
    await reloads.until(({ outcome }) => outcome.ok && outcome.changed.includes('wx1'));
    expect(config.secretProblems.size).toBe(0);
  });

  it('survives that its folder is deleted and made again', async () => {
    const inner = join(folder, 'inner');
    const file = join(inner, 'apps.yaml');
    mkdirSync(inner);
    writeFileSync(file, textOf('wx0'));
    const { config, looks, reloads } = await watched(file);
    for (let round = 1; round <= 3; round += 1) {
      rmSync(inner, { recursive: true });
      await looks.until((look) => look === 'missing');
      await reloads.until(({ outcome }) => !outcome.ok);
      expect(config.current.apps.has(`wx${round - 1}`)).toBe(true);
      mkdirSync(inner);
      writeFileSync(file, textOf(`wx${round}`));
      await reloads.until(({ outcome }) => outcome.ok && outcome.added.includes(`wx${round}`));
      writeFileSync(file, textOf(`wx${round}`, 'more'));
      await reloads.until(({ outcome }) => outcome.ok && outcome.added.includes('more'));
    }
  });

  it('finds a change without any event, by polling', async () => {
    // A symlink to a file elsewhere: nothing happens in the folder that is watched.
    mkdirSync(join(folder, 'here'));
    mkdirSync(join(folder, 'there'));
    const target = join(folder, 'there/apps.yaml');
    writeFileSync(target, textOf('wx1'));
    symlinkSync(target, join(folder, 'here/apps.yaml'));
    const { reloads } = await watched(join(folder, 'here/apps.yaml'), { pollMs: 20 });
    writeFileSync(target, textOf('wx1', 'wx2'));
    await reloads.until(({ outcome }) => outcome.ok && outcome.added.includes('wx2'));
  });

  it('looks into a burst of events that does not end', async () => {
    const file = join(folder, 'apps.yaml');
    writeFileSync(file, textOf('wx1'));
    const { reloads } = await watched(file, { debounceMs: 60, maxDebounceMs: 300 });
    let count = 0;
    const noise = setInterval(() => {
      writeFileSync(join(folder, 'log.txt'), String((count += 1)));
    }, 10);
    writeFileSync(file, textOf('wx1', 'wx2'));
    await reloads.until(({ outcome }) => outcome.ok && outcome.added.includes('wx2'));
    clearInterval(noise);
  });

  it('reloads on SIGHUP until it is destroyed', async () => {
    const file = join(folder, 'apps.yaml');
    writeFileSync(file, textOf('wx1'));
    const before = process.listenerCount('SIGHUP');
    const { watcher, reloads } = await watched(file);
    expect(process.listenerCount('SIGHUP')).toBe(before + 1);
    process.emit('SIGHUP');
    expect(await reloads.next()).toMatchObject({ trigger: 'signal', outcome: { ok: true, unchanged: 1 } });
    await watcher.onModuleDestroy();
    expect(process.listenerCount('SIGHUP')).toBe(before);
  });
});

describe('a file that is being written', () => {
  const WHOLE = textOf('wx1', 'wx2', 'wx3');
  const HALF = textOf('wx1');
  const STILL_MS = 2000;
  let clock: FakeClock;
  let target: string;
  let seen: Watched;

  /** Behind a symlink nothing happens in the folder that is watched: each look is one of the clock's. */
  beforeEach(async () => {
    clock = new FakeClock();
    mkdirSync(join(folder, 'here'));
    mkdirSync(join(folder, 'there'));
    target = join(folder, 'there/apps.yaml');
    writeFileSync(target, WHOLE);
    symlinkSync(target, join(folder, 'here/apps.yaml'));
    const timers = {
      now: () => clock.now(),
      setTimeout: (callback: () => void, delayMs: number) => clock.setTimeout(callback, delayMs),
      clearTimeout: (timer: object | undefined) => {
        clock.clearTimeout(timer);
      },
    };
    const options = { timers, stillMs: STILL_MS, pollMs: 500 };
    const starting = watched(join(folder, 'here/apps.yaml'), options);
    await clock.waitUntilArmed();
    await clock.advance(0);
    seen = await starting;
  });

  /** What the next look found, `ms` later. */
  async function lookAfter(ms: number): Promise<LookOutcome> {
    await clock.waitUntilArmed();
    await clock.advance(ms);
    return seen.looks.next();
  }

  it('in two goes: its first part is never taken over', async () => {
    writeFileSync(target, HALF);
    expect(await lookAfter(500)).toBe('held back');
    writeFileSync(target, WHOLE);
    expect(await lookAfter(STILL_MS)).toBe('reloaded');
    const [reload, ...others] = seen.reloads.drain();
    expect([reload?.outcome, others]).toMatchObject([{ ok: true, removed: [], unchanged: 3 }, []]);
  });

  it('for longer: each part is held back anew', async () => {
    for (const text of [textOf('wx1'), textOf('wx2'), textOf('wx1', 'wx2')]) {
      writeFileSync(target, text);
      expect(await lookAfter(STILL_MS)).toBe('held back');
      expect(seen.config.current.apps.size).toBe(3);
    }
    expect(seen.reloads.drain()).toEqual([]);
  });

  it('is taken over once it has been still', async () => {
    writeFileSync(target, HALF);
    expect(await lookAfter(500)).toBe('held back');
    expect(await lookAfter(STILL_MS)).toBe('reloaded');
    expect(await seen.reloads.next()).toMatchObject({
      trigger: 'file',
      outcome: { ok: true, removed: ['wx2', 'wx3'] },
    });
  });

  it('is taken over at once where it only adds, and where somebody asks for it', async () => {
    writeFileSync(target, textOf('wx1', 'wx2', 'wx3', 'wx4'));
    expect(await lookAfter(500)).toBe('reloaded');
    writeFileSync(target, HALF);
    expect(await seen.config.reload('admin')).toMatchObject({ ok: true, removed: ['wx2', 'wx3', 'wx4'] });
    writeFileSync(target, textOf('wx5'));
    expect(await lookAfter(500)).toBe('held back');
    expect(await seen.config.reload('signal')).toMatchObject({ removed: ['wx1'], added: ['wx5'] });
    expect(seen.config.heldBack.size).toBe(0);
  });
});
