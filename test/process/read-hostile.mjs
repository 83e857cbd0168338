// Reads one apps file as the hub does at a reload, with the memory that a limit leaves, and prints what it took.
import { readFileSync } from 'node:fs';
import { AppsFileLoader } from '../../dist/config/reload/loader.js';
import { parserMemoryMb } from '../../dist/config/reload/parser.js';

const [, , file, limitMb] = process.argv;
const maxMemoryMb = () => parserMemoryMb(Number(limitMb) * 1024 * 1024, process.memoryUsage.rss());
const started = performance.now();
const { result } = await new AppsFileLoader(file, { env: () => ({}), maxMemoryMb }).read('reload');
const peak = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
process.stdout.write(
  JSON.stringify({
    ok: result.ok,
    apps: result.ok ? result.apps.length : 0,
    messages: result.ok ? [] : result.problems.map(({ message }) => message).slice(0, 100),
    peakMb: Number(peak) / 1024,
    ms: performance.now() - started,
  }),
);
