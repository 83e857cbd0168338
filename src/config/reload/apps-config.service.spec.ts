import { Logger } from '@nestjs/common';
import { APP_DEFAULTS, type AppSettings } from '../../core/app.js';
import { Secret } from '../../core/secret.js';
import { AppsConfig, type ConfigChange } from './apps-config.service.js';
import type { AppsFileLoader, LoadedAppsFile } from './loader.js';
import { ConfigProblems } from '../apps-file/problem.js';

function app(appid: string, changes: Partial<AppSettings> = {}): AppSettings {
  return { ...APP_DEFAULTS, appid, name: undefined, secret: new Secret(`secret of ${appid}`), ...changes };
}

const STAMPS = { content: 'x', secretFiles: new Map<string, string>() };
const good = (...apps: AppSettings[]): LoadedAppsFile => ({
  result: {
    ok: true,
    apps,
    platforms: [],
    issuers: [],
    clients: [],
    notify: [],
    secretProblems: new Map(),
    warnings: [],
    advice: [],
  },
  stamps: STAMPS,
});
const BAD: LoadedAppsFile = {
  result: { ok: false, problems: [{ path: 'apps', line: 2, message: 'is wrong' }] },
  stamps: { ...STAMPS, content: 'bad' },
};

/** Gives the readings that it is told to, when it is told to. */
class StubLoader implements Pick<AppsFileLoader, 'read' | 'shownFile'> {
  readonly shownFile = 'apps.yaml';
  readings = 0;
  #next: (() => Promise<LoadedAppsFile>)[] = [];

  then(...readings: (LoadedAppsFile | Promise<LoadedAppsFile>)[]): this {
    this.#next.push(...readings.map((reading) => () => Promise.resolve(reading)));
    return this;
  }

  thenThrow(): this {
    this.#next.push(() => Promise.reject(new Error('secret of wx1')));
    return this;
  }

  async read(): Promise<LoadedAppsFile> {
    this.readings += 1;
    const reading = this.#next.shift();
    if (reading === undefined) throw new Error('nobody said what to read');
    return reading();
  }
}

function configOf(loader: StubLoader): AppsConfig {
  return new AppsConfig(loader as unknown as AppsFileLoader);
}

beforeAll(() => {
  Logger.overrideLogger(false);
});

describe('AppsConfig', () => {
  it('serves nobody before it is loaded', () => {
    const config = configOf(new StubLoader());
    expect(config.current).toEqual({
      apps: new Map(),
      platforms: new Map(),
      issuers: new Map(),
      clients: [],
      notify: [],
    });
    expect(config.stamps).toBeUndefined();
  });

  it('loads once, and tells the listeners of the first snapshot', async () => {
    const loader = new StubLoader().then(good(app('wx1')));
    const config = configOf(loader);
    const changes: ConfigChange[] = [];
    config.onChange((change) => changes.push(change));
    await Promise.all([config.load(), config.load(), config.onModuleInit()]);
    await config.load();
    expect(loader.readings).toBe(1);
    expect([...config.current.apps.keys()]).toEqual(['wx1']);
    expect(changes).toMatchObject([{ added: ['wx1'], changed: [], removed: [], snapshot: config.current }]);
  });

  it('throws all problems of the first reading, and can be loaded after that', async () => {
    const config = configOf(new StubLoader().then(BAD, good()));
    const error: unknown = await config.load().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ConfigProblems);
    expect((error as ConfigProblems).message).toBe('apps.yaml:2 apps: is wrong');
    expect(config.stamps?.content).toBe('bad');
    await config.load();
    expect(config.stamps?.content).toBe('x');
  });

  it('says what a reload changed, and keeps the objects of what it did not', async () => {
    const before = [
      app('same'),
      app('renamed'),
      app('rekeyed'),
      app('gone'),
      app('tickets', { tickets: ['jsapi'] }),
    ];
    const after = [
      app('new'),
      app('tickets', { tickets: ['jsapi'] }),
      app('rekeyed', { secret: new Secret('another') }),
      app('renamed', { name: 'x' }),
      app('same'),
    ];
    const config = configOf(new StubLoader().then(good(...before), good(...after)));
    await config.load();
    const previous = config.current;
    const changes: ConfigChange[] = [];
    config.onChange((change) => changes.push(change));
    const outcome = await config.reload('admin');
    expect(outcome).toEqual({
      ok: true,
      warnings: [],
      added: ['new'],
      changed: ['rekeyed', 'renamed'],
      removed: ['gone'],
      unchanged: 2,
      clients: { added: [], changed: [], removed: [] },
      keys: { added: [], changed: [], removed: [] },
    });
    expect([...config.current.apps.keys()]).toEqual(['new', 'tickets', 'rekeyed', 'renamed', 'same']);
    expect(config.current.apps.get('same')).toBe(before[0]);
    expect(config.current.apps.get('tickets')).toBe(before[4]);
    expect(config.current.apps.get('rekeyed')).toBe(after[2]);
    expect(changes).toHaveLength(1);
    expect(changes[0]).toMatchObject({ added: ['new'], changed: ['rekeyed', 'renamed'], removed: ['gone'] });
    expect(changes[0]?.previous).toBe(previous);
    expect(changes[0]?.snapshot).toBe(config.current);
  });

  it('changes nothing where the file is bad', async () => {
    const config = configOf(new StubLoader().then(good(app('wx1')), BAD));
    await config.load();
    const { current } = config;
    let changed = 0;
    config.onChange(() => (changed += 1));
    expect(await config.reload('file')).toEqual({
      ok: false,
      problems: [{ path: 'apps', line: 2, message: 'is wrong' }],
    });
    expect(config.current).toBe(current);
    expect(changed).toBe(0);
    expect(config.stamps?.content).toBe('bad');
  });

  it('answers with a problem, not with the text of the error, where the reading itself fails', async () => {
    const config = configOf(new StubLoader().thenThrow().then(good()));
    const outcome = await config.reload('admin');
    expect(outcome).toEqual({
      ok: false,
      problems: [{ path: '', line: 1, message: 'could not be read by a fault of the hub' }],
    });
    expect(await config.reload('admin')).toMatchObject({ ok: true });
  });

  it('shares the next reading among all who ask while one is under way', async () => {
    let finish: (reading: LoadedAppsFile) => void = () => undefined;
    const first = new Promise<LoadedAppsFile>((resolve) => (finish = resolve));
    const loader = new StubLoader().then(good(), first, good(app('wx1')), good(app('wx1')));
    const config = configOf(loader);
    await config.load();
    const triggers: string[] = [];
    config.onReload((outcome, trigger) =>
      triggers.push(`${trigger} ${outcome.ok ? outcome.added.join() : 'failed'}`),
    );
    const running = config.reload('signal');
    await Promise.resolve();
    const waiting = [config.reload('admin'), config.reload('file'), config.reload('signal')];
    expect(loader.readings).toBe(2);
    finish(good(app('wx0')));
    expect(await running).toMatchObject({ added: ['wx0'] });
    const outcomes = await Promise.all(waiting);
    expect(new Set(outcomes).size).toBe(1);
    expect(outcomes[0]).toMatchObject({ added: ['wx1'], removed: ['wx0'] });
    expect(triggers).toEqual(['signal wx0', 'admin wx1']);
    expect(await config.reload('admin')).toMatchObject({ unchanged: 1 });
    expect(loader.readings).toBe(4);
  });

  it('never lets two readings overlap, the first load included', async () => {
    let under = 0;
    let most = 0;
    const loader = {
      shownFile: 'apps.yaml',
      read: async (): Promise<LoadedAppsFile> => {
        most = Math.max(most, (under += 1));
        await new Promise((resolve) => setImmediate(resolve));
        under -= 1;
        return good();
      },
    };
    const config = new AppsConfig(loader as unknown as AppsFileLoader);
    const reloads: Promise<unknown>[] = [config.reload('signal'), config.load()];
    for (let turn = 0; turn < 20; turn += 1) {
      reloads.push(config.reload('admin'), config.reload('file'));
      if (turn % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(reloads);
    expect(most).toBe(1);
  });

  it('lets no listener keep another from hearing', async () => {
    const config = configOf(new StubLoader().then(good(), BAD));
    const heard: string[] = [];
    config.onChange(() => {
      throw new Error('broken');
    });
    const stop = config.onChange(() => heard.push('never'));
    config.onChange(() => heard.push('change'));
    config.onReload(() => {
      throw new Error('broken');
    });
    config.onReload((outcome, trigger) => heard.push(`reload ${trigger} ${String(outcome.ok)}`));
    stop();
    await config.load();
    await config.reload('file');
    expect(heard).toEqual(['change', 'reload file false']);
  });
});
