import { execFileSync } from 'node:child_process';
import { constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { destinationAt, Log } from './log.js';

const MIB = 1024 * 1024;

it('lines that nobody reads fill no memory: beyond a bound they are given up', () => {
  const folder = mkdtempSync(join(tmpdir(), 'log-'));
  try {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const destination = destinationAt(openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK));
    // It goes on trying to write when the test has closed the pipe.
    destination.on('error', () => undefined);
    let dropped = 0;
    destination.on('drop', () => (dropped += 1));
    const log = new Log('info', destination);
    for (let line = 0; line < 40; line += 1) log.info('x'.repeat(MIB));
    expect(dropped).toBeGreaterThan(20);
    expect(dropped).toBeLessThan(40);
    destination.destroy();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
