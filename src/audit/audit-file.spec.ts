import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '../../test/support/fake-clock.js';
import { AuditFile } from './audit-file.js';

describe('the file of the audit log', () => {
  let folder: string;
  const open: AuditFile[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hub-audit-'));
  });

  afterEach(async () => {
    for (const file of open.splice(0)) await file.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function harness(path = join(folder, 'audit.log')) {
    const clock = new FakeClock();
    const told: string[] = [];
    let lost = 0;
    const file = new AuditFile(path, clock, {
      failed: (error) => told.push(`failed ${(error as { code?: string }).code ?? ''}`),
      recovered: (lost) => told.push(`recovered, lost ${lost}`),
      lost: (lines) => (lost += lines),
    });
    open.push(file);
    return {
      path,
      clock,
      told,
      file,
      lost: () => lost,
      lines: () => readFileSync(path, 'utf8').split('\n').slice(0, -1),
    };
  }

  it('has the lines in their order, after those that were there, readable by its user and group', async () => {
    const { file, path, lines, told } = harness();
    file.start();
    for (let index = 0; index < 500; index++) file.append(`{"seq":${index}}`);
    await file.close();
    file.append('{"seq":500}');
    await file.close();
    expect(lines()).toEqual(Array.from({ length: 501 }, (_, index) => `{"seq":${index}}`));
    expect(statSync(path).mode & 0o007).toBe(0);
    expect(told).toEqual([]);
  });

  it('goes on in a new file after it was moved away and is told to reopen', async () => {
    const { file, path, lines } = harness();
    file.append('before');
    await file.close();
    file.append('still before');
    await file.close();
    file.start();
    renameSync(path, `${path}.1`);
    file.reopen();
    file.append('after');
    await file.close();
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('before\nstill before\n');
    expect(lines()).toEqual(['after']);
  });

  it('that cannot be written is told once, tried again after 5 s, and has every line then', async () => {
    const { file, clock, told, lines } = harness(join(folder, 'missing', 'audit.log'));
    file.append('first');
    await file.close();
    expect(told).toEqual(['failed ENOENT']);
    mkdirSync(join(folder, 'missing'));
    await clock.advance(4999);
    file.append('second');
    expect(told).toHaveLength(1);
    await clock.advance(1);
    file.append('third');
    await file.close();
    expect(lines()).toEqual(['first', 'second', 'third']);
    expect(told).toEqual(['failed ENOENT', 'recovered, lost 0']);
  });

  it('that stays away costs bounded memory: the oldest lines are given up, and counted', async () => {
    const { file, clock, told, lost, lines } = harness(join(folder, 'missing', 'audit.log'));
    file.append('x'.repeat(1023));
    await file.close();
    for (let index = 0; index < 2000; index++) file.append(String(index).padStart(1023, '0'));
    mkdirSync(join(folder, 'missing'));
    await clock.advance(5000);
    file.append('last');
    await file.close();
    expect(lines()).toHaveLength(1024);
    expect(lines().at(-1)).toBe('last');
    expect(told).toEqual(['failed ENOENT', `recovered, lost ${2002 - 1024}`]);
    expect(lost()).toBe(2002 - 1024);
  });

  it.each(['/dev/full', 'a FIFO that nobody reads'])(
    'on %s fails and ends, and holds nobody up',
    async (where) => {
      const fifo = join(folder, 'fifo');
      execFileSync('mkfifo', [fifo]);
      const { file, told } = harness(where === '/dev/full' ? where : fifo);
      file.start();
      file.append('line');
      await file.close();
      expect(told).toEqual([where === '/dev/full' ? 'failed ENOSPC' : 'failed ENXIO']);
    },
  );

  it('on a FIFO whose reader stalls fails, and goes on where it broke off', async () => {
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const { file, clock, told } = harness(fifo);
    const lines = Array.from({ length: 200 }, (_, index) => String(index).padStart(999, '0'));
    for (const line of lines) file.append(line);
    await file.close();
    expect(told).toEqual(['failed EAGAIN']);
    const chunk = Buffer.alloc(1024 * 1024);
    let read = '';
    while (read.length < 200 * 1000) {
      read += chunk.toString('latin1', 0, readSync(reader, chunk));
      await clock.advance(5000);
      file.start();
      await file.close();
    }
    closeSync(reader);
    expect(read.split('\n').slice(0, -1)).toEqual(lines);
  });
});
