import { randomBytes } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { aHeld } from '../../../../test/support/builders.js';
import { Secret } from '../../../core/secret.js';
import type { SealingKey } from '../redis/seal.js';
import { opened, sealed } from './envelope.js';
import { readState, StateFile } from './state-file.js';
import { readLines, writtenLines, type StateContent } from './state-lines.js';

const KEY = aKey('a');
const OTHER = aKey('b');
let folder: string;
let path: string;
const open: StateFile[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hub-state-'));
  path = join(folder, 'state');
});

afterEach(() => {
  for (const file of open.splice(0)) file.release();
  rmSync(folder, { recursive: true });
});

function aKey(id: string): SealingKey {
  return { id, bytes: randomBytes(32) };
}

async function take(keys: readonly SealingKey[] = [KEY]): Promise<StateFile> {
  const file = await StateFile.open(path, keys, 'a test');
  open.push(file);
  return file;
}

async function written(content: StateContent = CONTENT, keys: readonly SealingKey[] = [KEY]): Promise<void> {
  const file = await take(keys);
  await file.write(content);
  file.release();
}

const CONTENT: StateContent = {
  writtenAt: { wall: 1_800_000_000_000, boot: 'one', uptime: 5000 },
  clock: 1_800_000_000_003.25,
  credentials: [
    { appid: 'wxa', held: aHeld({ value: new Secret('token of wxa'), fence: 7, credentialsId: 'c1' }) },
    { appid: 'wxa', held: aHeld({ value: new Secret('ticket of wxa'), kind: 'jsapi' }), mayEndAt: undefined },
    { appid: 'agent', held: aHeld({ kind: 'gettoken', endUnknown: true }), mayEndAt: 5 },
  ],
  records: [{ collection: 'p1', name: 'wxb', version: 3, value: 'refresh "token"\n' }],
  uses: new Map([['forced wxa', [1, 2.5]]]),
};

function plain({ credentials, ...rest }: StateContent) {
  return {
    ...rest,
    credentials: credentials.map(({ held, ...more }) => ({
      ...more,
      held: { ...held, value: held.value.reveal() },
    })),
  };
}

describe('a state file', () => {
  it('gives back what was written, to the one process that has it', async () => {
    const file = await take();
    expect(file.found).toBeUndefined();
    await file.write(CONTENT);
    await expect(take()).rejects.toThrow(/is in use by another process \(a test\); run one hub on it/);
    file.release();
    const again = await take();
    expect(plain(again.found!)).toEqual(plain(CONTENT));
  });

  it('is its owner’s alone, has nothing in clear, and leaves no other file but the lock', async () => {
    await written();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(`${path}.lock`).mode & 0o777).toBe(0o600);
    const text = readFileSync(path, 'latin1');
    for (const word of ['wxa', 'token of', 'ticket of', 'refresh', 'p1', 'forced'])
      expect(text).not.toContain(word);
    expect(existsSync(`${path}.new`)).toBe(false);
  });

  it('is replaced as a whole: whoever has the old one open reads on in the old one', async () => {
    const file = await take();
    await file.write(CONTENT);
    const before = statSync(path).ino;
    await file.write({ ...CONTENT, records: [] });
    expect(statSync(path).ino).not.toBe(before);
  });

  it('is written where its link leads, over what a killed process left half written', async () => {
    const real = join(folder, 'real');
    await written();
    renameSync(path, real);
    writeFileSync(`${real}.new`, 'half');
    symlinkSync(real, path);
    await written({ ...CONTENT, records: [] });
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(readState(real, [KEY]).content?.records).toEqual([]);
    expect(existsSync(`${real}.new`)).toBe(false);
  });

  it('opens with any of the keys, and is sealed with the first from the next write on', async () => {
    await written();
    const file = await take([OTHER, KEY]);
    await file.write(file.found!);
    file.release();
    expect(() => readState(path, [KEY])).toThrow(
      /is encrypted with the key "b", which HUB_ENCRYPTION_KEYS does not have/,
    );
    expect(plain(readState(path, [OTHER]).content!)).toEqual(plain(CONTENT));
  });

  it.each([
    [
      'cut off by a byte',
      () => truncateSync(path, statSync(path).size - 1),
      /is torn: it has \d+ bytes, and \d+ were written/,
    ],
    ['cut off in its first line', () => truncateSync(path, 40), /is torn: 40 bytes are all there is/],
    ['empty', () => truncateSync(path, 0), /is torn: 0 bytes are all there is/],
    ['longer', () => writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from('x')])), /is torn/],
    ['with another byte', () => flip(-30), /does not open with the key "a": the file was altered/],
    ['with another byte in its first line', () => flip(40), /Nothing was changed/],
    ['somebody else’s', () => writeFileSync(path, '{"tokens": {}}'), /is not a state file of this hub/],
    [
      'a later version’s',
      () => writeFileSync(path, 'wechat-token-hub state 2 a b c\n'),
      /written by a later version/,
    ],
    ['a folder', () => replaceByFolder(), /cannot be read \(EISDIR\): it is a folder/],
  ])('%s is refused with what to do, and stays as it is', async (_what, spoil, words) => {
    await written();
    spoil();
    const before = statSync(path).isDirectory() ? undefined : readFileSync(path);
    await expect(take()).rejects.toThrow(words);
    if (before !== undefined) expect(readFileSync(path)).toEqual(before);
    // The lock is free again.
    rmSync(path, { recursive: true });
    await expect(take()).resolves.toBeInstanceOf(StateFile);
  });

  it('of another key with the same name does not open', async () => {
    await written();
    await expect(take([aKey('a')])).rejects.toThrow(/or the key is another one of that name/);
  });

  it('whose lock file was removed is not written: another process may have it by now', async () => {
    const file = await take();
    await file.write(CONTENT);
    const before = readFileSync(path);
    rmSync(`${path}.lock`);
    await expect(file.write({ ...CONTENT, records: [] })).rejects.toMatchObject({ code: 'ERR_LOCK_LOST' });
    const second = await take();
    await expect(file.write({ ...CONTENT, records: [] })).rejects.toMatchObject({ code: 'ERR_LOCK_LOST' });
    expect(readFileSync(path)).toEqual(before);
    await second.write({ ...CONTENT, records: [] });
  });

  it('in a folder that is not there, or is a file: says so', async () => {
    path = join(folder, 'missing', 'state');
    await expect(take()).rejects.toThrow(/make its folder first/);
    writeFileSync(join(folder, 'file'), '');
    path = join(folder, 'file', 'state');
    await expect(take()).rejects.toThrow(/cannot be locked: .* \(ENOTDIR\); make its folder first/);
  });

  function replaceByFolder(): void {
    rmSync(path);
    mkdirSync(path);
  }

  function flip(at: number): void {
    const bytes = readFileSync(path);
    const index = at < 0 ? bytes.length + at : at;
    bytes[index] = (bytes[index] ?? 0) ^ 1;
    writeFileSync(path, bytes);
  }
});

describe('what is sealed', () => {
  it('opens whole or not at all: no byte less, more or other, with a reason that holds nothing of it', () => {
    const file = Buffer.concat([...sealed([...writtenLines(CONTENT)], KEY)]);
    expect(opened(file, [KEY])).toMatchObject({ ok: true });
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, by, cut) => {
        const spoiled = cut ? file.subarray(0, at) : Buffer.from(file);
        if (!cut) spoiled[at] = spoiled[at]! ^ by;
        const result = opened(spoiled, [KEY]);
        expect(result.ok).toBe(false);
        expect(result).toMatchObject({ flaw: expect.not.stringContaining('token of') as string });
      }),
      { numRuns: 2000 },
    );
  });

  it('is never taken from anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.boolean(), (bytes, ours) => {
        const start = ours ? Buffer.from('wechat-token-hub state ') : Buffer.alloc(0);
        expect(opened(Buffer.concat([start, bytes]), [KEY]).ok).toBe(false);
      }),
    );
  });

  it('of lines of another form is refused', () => {
    for (const line of [
      '{}',
      '[]',
      'null',
      '{"appid":"wxa"}',
      '{"use":"x","at":[-1]}',
      '{"collection":"p","name":"n"}',
      '{',
    ])
      expect(() => readLines(Buffer.from(`{"writtenAt":{"wall":1},"clock":1}\n${line}\n`))).toThrow();
    expect(() => readLines(Buffer.from(''))).toThrow();
  });

  it('any number of lines comes back', () => {
    const records = Array.from({ length: 1001 }, (_, nth) => ({
      collection: 'p',
      name: `n${nth}`,
      version: nth + 1,
      value: '值'.repeat(nth % 7),
    }));
    const content = { ...CONTENT, records };
    expect(plain(readLines(Buffer.concat([...writtenLines(content)])))).toEqual(plain(content));
  });
});
