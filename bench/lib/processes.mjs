import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** Which core a process runs on: the server has one to itself, everything else shares the other. */
export const CORES = findCores();

function findCores() {
  try {
    const list = execFileSync('taskset', ['-cp', String(process.pid)], { encoding: 'utf8' }).split(': ')[1];
    const cores = list
      .trim()
      .split(',')
      .flatMap((part) => {
        const [first, last = first] = part.split('-').map(Number);
        return Array.from({ length: last - first + 1 }, (_, index) => String(first + index));
      });
    return cores.length < 2 ? undefined : { server: cores[0], others: cores[1] };
  } catch {
    return undefined;
  }
}

const running = new Set();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));

/** A Node process on the server's core or beside it. `input`: its standard input. Its standard error is ours. */
export function startNode(role, args, { env = {}, input = '', onLine = () => undefined } = {}) {
  const command =
    CORES === undefined
      ? [process.execPath, ...args]
      : ['taskset', '-c', CORES[role], process.execPath, ...args];
  const child = spawn(command[0], command.slice(1), {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  running.add(child);
  const ended = new Promise((resolve) => {
    child.once('exit', (code) => {
      running.delete(child);
      resolve(code);
    });
  });
  const lines = createInterface({ input: child.stdout });
  /** The first JSON line for which `wanted` is true. */
  const line = (wanted = () => true) =>
    new Promise((resolve, reject) => {
      lines.on('line', (text) => {
        onLine(text);
        const entry = parse(text);
        if (entry !== undefined && wanted(entry)) resolve(entry);
      });
      void ended.then((code) =>
        reject(new Error(`${args.at(-1).slice(0, 200)} ended with exit code ${code}`)),
      );
    });
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  return { child, pid: child.pid, line, ended, stop };
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Resident memory now and at its highest, MB; `undefined` where there is no /proc. */
export function memoryOf(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const megabytes = (name) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
    return { now: megabytes('VmRSS'), peak: megabytes('VmHWM') };
  } catch {
    return undefined;
  }
}

/** Seconds of CPU that the process has used, user and system. */
export function cpuSecondsOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

export const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
