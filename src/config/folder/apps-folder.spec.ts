import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppsFolder } from './apps-folder.js';
import type { ClaimMemory } from './claim-memory.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hub-folder-'));
  write('hub.yaml', 'version: 1');
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Where a test has named something else so. */
const folderPath = (): string => folder;
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

describe('a pass', () => {
  /** Files whose apps are the very objects that they were: nothing of them was parsed. */
  async function unparsed(from: AppsFolder): Promise<string[]> {
    const before = await from.read('reload');
    return again(from, before);
  }
  async function again(from: AppsFolder, before: Awaited<ReturnType<AppsFolder['read']>>): Promise<string[]> {
    const { result } = await from.read('reload');
    if (!before.result.ok || !result.ok) throw new Error('a bad start');
    const known = new Set(before.result.apps);
    return result.apps.filter((app) => known.has(app)).map(({ appid }) => appid);
  }

  it('parses what has changed, and nothing else', async () => {
    write('a.yaml', textOf('wx-a'));
    write('b.yaml', textOf('wx-b'));
    const folder = source();
    const before = await folder.read('start');
    write('b.yaml', textOf('wx-b', 'wx-b2'));
    expect(await again(folder, before)).toEqual(['wx-a']);
    expect(await unparsed(folder)).toEqual(['wx-a', 'wx-b', 'wx-b2']);
  });

  it('parses all by a changed hub.yaml', async () => {
    write('a.yaml', textOf('wx-a'));
    const folder = source();
    const before = await folder.read('start');
    write('hub.yaml', 'version: 1\ndefaults: { reconcileSeconds: 77 }');
    expect(await again(folder, before)).toEqual([]);
    const { result } = await folder.read('reload');
    expect(result.ok && result.apps[0]?.reconcileSeconds).toBe(77);
  });

  it('a file that has problems, clashes or a missing secret is mended by what others do', async () => {
    const secrets = mkdtempSync(join(tmpdir(), 'hub-folder-secrets-'));
    write('a.yaml', textOf('wx-a', 'wx-both'));
    write('b.yaml', 'version: 1');
    const folder = new AppsFolder(folderPath(), secrets, { env: () => ({}), worker: undefined });
    await folder.read('start');
    write('b.yaml', textOf('wx-both'));
    expect(await found(folder, 'reload')).toMatchObject({ apps: ['wx-a', 'wx-both'], problems: ['b.yaml'] });
    expect(await found(folder, 'reload')).toMatchObject({ apps: ['wx-a', 'wx-both'], problems: ['b.yaml'] });
    write('a.yaml', textOf('wx-a'));
    expect(await found(folder, 'reload')).toEqual({ apps: ['wx-a', 'wx-both'], problems: [], held: [] });
    const missing = await folder.read('reload');
    expect(missing.result.ok && [...missing.result.secretProblems.keys()]).toEqual(['wx-a', 'wx-both']);
    mkdirSync(join(secrets, 'b'));
    writeFileSync(join(secrets, 'b/x'), 'simulated-secret-of-b');
    const mended = await folder.read('reload');
    expect(mended.result.ok && [...mended.result.secretProblems.keys()]).toEqual(['wx-a']);
    rmSync(secrets, { recursive: true });
  });
});

describe('who had it first, after a restart', () => {
  /** Outlives the sources. */
  class Memory implements ClaimMemory {
    readonly files = new Map<string, readonly string[]>();
    recall(): Promise<ReadonlyMap<string, readonly string[]>> {
      return Promise.resolve(new Map(this.files));
    }
    keep(file: string, claims: readonly string[]): void {
      if (claims.length === 0) this.files.delete(file);
      else this.files.set(file, claims);
    }
  }
  const memory = new Memory();
  const started = (): AppsFolder => {
    const folder = source();
    folder.remember(memory);
    return folder;
  };

  it('keeps it, whatever the order and also while its file has problems, until it gives it up', async () => {
    write('b.yaml', textOf('wx-1'));
    await started().read('start');
    write('a.yaml', textOf('wx-1'));
    expect(await found(started(), 'start')).toMatchObject({ apps: ['wx-1'], problems: ['a.yaml'] });
    write('b.yaml', 'version: 7');
    expect(await found(started(), 'start')).toMatchObject({ apps: [], problems: ['a.yaml', 'b.yaml'] });
    const folder = started();
    await folder.read('start');
    write('b.yaml', 'version: 1');
    expect(await found(folder, 'reload')).toMatchObject({ apps: ['wx-1'], problems: [] });
    write('b.yaml', textOf('wx-1'));
    expect(await found(started(), 'start')).toMatchObject({ apps: ['wx-1'], problems: ['b.yaml'] });
    unlinkSync(join(folderPath(), 'a.yaml'));
    expect(await found(started(), 'start')).toMatchObject({ apps: ['wx-1'], problems: [] });
    expect([...memory.files.keys()]).toContain('b.yaml');
    expect(memory.files.has('a.yaml')).toBe(false);
  });
});
