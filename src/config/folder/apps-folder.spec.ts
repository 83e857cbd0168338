import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppsFolder } from './apps-folder.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hub-folder-'));
  write('hub.yaml', 'version: 1');
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const write = (name: string, text: string): void => {
  writeFileSync(join(folder, name), text);
};
const textOf = (...appids: string[]): string =>
  JSON.stringify({ version: 1, apps: appids.map((appid) => ({ appid, secretFile: 'x' })) });
const source = (): AppsFolder =>
  new AppsFolder(folder, '/nowhere', { env: () => ({}), secrets: false, worker: undefined });

/** The appids that hold, the files with problems, and those held back. */
async function found(from: AppsFolder, ...ask: Parameters<AppsFolder['read']>) {
  const { result, heldBack = new Set() } = await from.read(...ask);
  return {
    apps: result.ok ? result.apps.map(({ appid }) => appid) : undefined,
    problems: (result.problems ?? []).map(({ file }) => file),
    held: [...heldBack].map((name) => name.split(' ')[0]),
  };
}

describe('a start', () => {
  it('serves nothing of a file with problems, and all of the others', async () => {
    write('a.yaml', textOf('wx-a'));
    write('b.yaml', 'version: 2');
    write('c.yml', textOf('wx-c'));
    expect(await found(source(), 'start')).toEqual({
      apps: ['wx-a'],
      problems: ['b.yaml', 'c.yml'],
      held: [],
    });
  });

  it.each([
    ['bad', () => write('hub.yaml', 'version: 1\napps: 1')],
    ['missing', () => unlinkSync(join(folder, 'hub.yaml'))],
  ])('is stopped by a %s hub.yaml', async (_what, spoil) => {
    write('a.yaml', textOf('wx-a'));
    spoil();
    expect(await found(source(), 'start')).toEqual({ apps: undefined, problems: ['hub.yaml'], held: [] });
  });
});

describe('files that somebody may still be writing', () => {
  it('are held back each by itself, until they have been still', async () => {
    write('a.yaml', textOf('wx-a1', 'wx-a2'));
    write('b.yaml', textOf('wx-b1', 'wx-b2'));
    const from = source();
    await from.read('start');
    write('a.yaml', textOf('wx-a1'));
    write('b.yaml', textOf('wx-b1', 'wx-b2', 'wx-b3'));
    const first = await from.read('reload', { still: new Set() });
    expect([...first.heldBack!]).toHaveLength(1);
    write('b.yaml', textOf('wx-b3'));
    // The one has been still, the other was written again.
    expect(await found(from, 'reload', { still: first.heldBack })).toEqual({
      apps: ['wx-a1', 'wx-b1', 'wx-b2', 'wx-b3'],
      problems: [],
      held: ['b.yaml'],
    });
  });

  it('a file that is gone is one of them', async () => {
    write('a.yaml', textOf('wx-a'));
    const from = source();
    await from.read('start');
    unlinkSync(join(folder, 'a.yaml'));
    const { heldBack } = await from.read('reload', { still: new Set() });
    expect(await found(from, 'reload', { still: heldBack })).toEqual({ apps: [], problems: [], held: [] });
  });
});

it('500 files that a ConfigMap swaps at once are one pass, and none is held back', async () => {
  const names = Array.from({ length: 500 }, (_none, index) => `t${index}`);
  const generation = (name: string, appid: (tenant: string) => string): void => {
    mkdirSync(join(folder, name));
    for (const tenant of names) writeFileSync(join(folder, name, `${tenant}.yaml`), textOf(appid(tenant)));
    symlinkSync(name, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  };
  generation('..1', (tenant) => `wx-${tenant}-old`);
  for (const tenant of names) symlinkSync(`..data/${tenant}.yaml`, join(folder, `${tenant}.yaml`));
  const from = source();
  expect((await found(from, 'start')).apps).toHaveLength(500);
  generation('..2', (tenant) => `wx-${tenant}-new`);
  const { apps, held } = await found(from, 'reload', { still: new Set() });
  expect([apps?.length, apps?.every((appid) => appid.endsWith('-new')), held]).toEqual([500, true, []]);
});
