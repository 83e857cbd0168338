import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../test/support/eventually.js';
import { LogOutput } from './log-output.js';

const MIB = 1024 * 1024;
const LONG_LINE = `${'x'.repeat(MIB - 1)}\n`;

describe('the output of the log', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'log-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** A pipe and its reading end. */
  const pipe = () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return { reader, writer: openSync(path, constants.O_WRONLY | constants.O_NONBLOCK) };
  };

  it('has every line in its order', async () => {
    const path = join(folder, 'file');
    const output = new LogOutput(openSync(path, 'a'));
    const lines = Array.from({ length: 5000 }, (_, index) => `{"line":${index}}\n`);
    for (const line of lines) output.write(line);
    await output.flush(10_000);
    expect(readFileSync(path, 'utf8')).toBe(lines.join(''));
    expect(output.lost).toBe(0);
  });

  it('of a reader that stalls fills no memory: beyond a bound lines are lost and counted; a flush has its limit', async () => {
    const { reader, writer } = pipe();
    const output = new LogOutput(writer);
    for (let line = 0; line < 40; line += 1) output.write(LONG_LINE);
    expect(output.lost).toBeGreaterThan(20);
    expect(output.lost).toBeLessThan(40);
    const before = performance.now();
    await output.flush(20);
    expect(performance.now() - before).toBeLessThan(2000);
    closeSync(reader);
    await eventually(() => output.lost === 40, 'the end of the pipe');
  });

  it('of a reader that comes back goes on', async () => {
    const { reader, writer } = pipe();
    const output = new LogOutput(writer);
    for (let line = 0; line < 1000; line += 1) output.write(`${String(line).padStart(999, '0')}\n`);
    const chunk = Buffer.alloc(MIB);
    let read = '';
    await eventually(() => {
      try {
        read += chunk.toString('latin1', 0, readSync(reader, chunk));
      } catch {
        // Nothing there at the moment.
      }
      return read.length === 1000 * 1000;
    }, 'the lines');
    expect(read.split('\n').slice(0, -1).map(Number)).toEqual(
      Array.from({ length: 1000 }, (_, line) => line),
    );
    closeSync(reader);
  });

  it('of a pipe that was closed loses the lines, counts them, and goes on living', async () => {
    const { reader, writer } = pipe();
    const output = new LogOutput(writer);
    closeSync(reader);
    for (let line = 0; line < 10; line += 1) output.write('x\n');
    await eventually(() => output.lost === 10, 'the lines that are lost');
    output.write('x\n');
    expect(output.lost).toBe(11);
    await output.flush(10_000);
  });

  it('of a full disk keeps what fits into memory, and a flush has its limit', async () => {
    const output = new LogOutput(openSync('/dev/full', 'w'));
    output.write('x\n');
    await output.flush(20);
    expect(output.lost).toBe(0);
    for (let line = 0; line < 40; line += 1) output.write(LONG_LINE);
    expect(output.lost).toBeGreaterThan(20);
  });
});
