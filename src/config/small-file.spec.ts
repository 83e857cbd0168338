import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf, readSmallFile, readSmallFileSlowly } from './small-file.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hub-small-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const READERS = [
  ['readSmallFile', async (path: string, max: number) => Promise.resolve(readSmallFile(path, max))],
  ['readSmallFileSlowly', readSmallFileSlowly],
] as const;

describe.each(READERS)('%s', (_name, read) => {
  const codeFor = async (path: string, max = 100): Promise<string> => {
    try {
      await read(path, max);
      return 'read';
    } catch (error) {
      return codeOf(error);
    }
  };

  it.each([0, 1, 99, 100, 65_535, 65_536, 65_537, 200_000])(
    'reads a file of %s bytes whole',
    async (size) => {
      const file = join(folder, 'sized');
      const content = Buffer.alloc(size, 'abc');
      writeFileSync(file, content);
      expect((await read(file, size)).bytes.equals(content)).toBe(true);
      expect((await read(file, 8_388_608)).bytes.equals(content)).toBe(true);
      if (size > 0) expect(await codeFor(file, size - 1)).toBe('ERR_FILE_TOO_LARGE');
    },
  );

  it('refuses what is no regular file, and waits for nobody', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const socket = join(folder, 'socket');
    const server = createServer().listen(socket);
    await new Promise((resolve) => server.once('listening', resolve));
    const codes = await Promise.all(
      [folder, pipe, '/dev/zero', socket, join(folder, 'none')].map((p) => codeFor(p)),
    );
    expect(codes).toEqual(['EISDIR', 'ERR_NOT_A_FILE', 'ERR_NOT_A_FILE', 'ENXIO', 'ENOENT']);
    server.close();
    rmSync(pipe);
  });

  it('believes no size: a file that claims to be empty is read up to the bound', async () => {
    // It takes reads of multiples of 8 alone.
    expect(await codeFor('/proc/self/pagemap', 65_535)).toBe('ERR_FILE_TOO_LARGE');
    expect((await read('/proc/self/stat', 65_536)).bytes.length).toBeGreaterThan(10);
  });
});
