import { jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// A busy machine takes seconds for each.
jest.setTimeout(120_000);

/** Reads one file as a hub of the manifests would, in a process of its own, and tells what it took. */
const CHILD = fileURLToPath(new URL('read-hostile.mjs', import.meta.url));
/** What the manifests allow the whole process. Mebibytes. */
const LIMIT_MB = 512;
const MB = 1_000_000;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hub-hostile-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Taken {
  readonly ok: boolean;
  readonly apps: number;
  readonly messages: readonly string[];
  readonly peakMb: number;
  readonly ms: number;
}

function read(text: string): Taken {
  const file = join(folder, 'apps.yaml');
  writeFileSync(file, text);
  return JSON.parse(
    execFileSync(process.execPath, [CHILD, file, String(LIMIT_MB)], { encoding: 'utf8' }),
  ) as Taken;
}

const app = (index: number): string =>
  `  - appid: wx${index}\n    name: App ${index}\n    secret: ${'a'.repeat(32)}\n    tokenApi: stable_token\n`;

it('ten thousand apps fit', () => {
  const apps = Array.from({ length: 10_000 }, (_, index) => app(index));
  const taken = read(`version: 1\napps:\n${apps.join('')}`);
  expect(taken).toMatchObject({ ok: true, apps: 10_000 });
  expect(taken.peakMb).toBeLessThan(LIMIT_MB);
});

it.each([
  ...[
    ',',
    '-\n',
    '"",',
    '[],',
    '- ',
    '[',
    '{',
    ']',
    '? ',
    ': ',
    '*a,',
    '&a ',
    '! ',
    '%a\n',
    '"a"\n',
    '#\n',
    '\n',
    'k:\n- ',
  ],
])('%j, a megabyte and eight of it, bare and below apps', (piece) => {
  for (const [size, start] of [
    [MB, ''],
    [MB, 'version: 1\napps: ['],
    [8 * MB, 'apps: ['],
  ] as const) {
    const { ok, messages, peakMb, ms } = read(start + piece.repeat(Math.floor(size / piece.length)));
    expect([piece, start, ok, messages.length > 0]).toEqual([piece, start, false, true]);
    expect(messages.join()).not.toMatch(/stopped unexpectedly|took longer/);
    expect([piece, start, peakMb < LIMIT_MB * 0.75 || peakMb]).toEqual([piece, start, true]);
    expect(ms).toBeLessThan(15_000);
  }
});
