// A keep-alive HTTP/1.1 load generator on raw sockets: it must cost less per request than the servers that it measures.
// A process of its own, so that it can be pinned to a core: reads one JSON document from standard input, prints one JSON line, and ends.
//
// Without `rate` (closed loop): each connection sends the next request as soon as it has its answer.
// With `rate` (open loop, requests/s in all): requests have a timetable, and latency counts from the time that the
// timetable names. A server that stalls for 100 ms delays every request that was due meanwhile, and all of them count.
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';

const {
  host = '127.0.0.1',
  port,
  /** Requested in turn. */
  paths,
  headers = {},
  method = 'GET',
  /** Sent with each request; ASCII. */
  body = '',
  /** A number that no other request has follows each path. */
  unique = false,
  /** Further headers, taken in turn. */
  varied = [{}],
  connections = 50,
  warmUpSeconds = 2,
  seconds = 4,
  rate,
  /** The server's process, whose CPU time is read at both ends of the measurement. */
  serverPid,
  expectedStatus = 200,
} = JSON.parse(readFileSync(0, 'utf8'));

/** How long after the measurement answers may still come in: more is a server that hangs. */
const LAST_ANSWERS_MS = 10_000;
const MAX_HEAD_BYTES = 65_536;

const ofTheBody = body === '' ? {} : { 'content-type': 'application/json', 'content-length': body.length };
const fixedHeaders = headerLines({ host: `${host}:${port}`, ...headers, ...ofTheBody });
const requests = requestTexts();
let nextRequest = 0;
let uniqueNumber = 0;
const uniqueStart = `${process.pid}-${Date.now().toString(36)}`;
let latencies = new Float64Array(1 << 18);
let counted = 0;
let failures = 0;
let firstFailure;
let recording = false;
let stopped = false;

function requestTexts() {
  return Array.from({ length: Math.max(paths.length, varied.length) }, (_, index) => {
    const own = headerLines(varied[index % varied.length]);
    return Buffer.from(
      `${method} ${paths[index % paths.length]} HTTP/1.1\r\n${fixedHeaders}${own}\r\n${body}`,
      'latin1',
    );
  });
}

/** Some request of {@link requestTexts}, with a path that was never requested before. */
function uniqueRequest() {
  uniqueNumber += 1;
  const path = `${paths[nextRequest % paths.length]}${uniqueStart}-${uniqueNumber}`;
  return `${method} ${path} HTTP/1.1\r\n${fixedHeaders}\r\n${body}`;
}

function headerLines(named) {
  return Object.entries(named)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
}

function record(milliseconds) {
  if (counted === latencies.length) {
    const larger = new Float64Array(latencies.length * 2);
    larger.set(latencies);
    latencies = larger;
  }
  latencies[counted++] = milliseconds;
}

class Connection {
  /** When the request under way began to count; `undefined`: none is under way. */
  #since;
  #received = '';
  #socket;

  constructor(onFree) {
    this.onFree = onFree;
  }

  open() {
    return new Promise((resolve, reject) => {
      const buffer = Buffer.allocUnsafe(16_384);
      this.#socket = connect({
        host,
        port,
        noDelay: true,
        onread: {
          buffer,
          callback: (size) => {
            this.#take(buffer.latin1Slice(0, size));
            return true;
          },
        },
      });
      this.#socket.once('connect', resolve);
      this.#socket.once('error', reject);
      this.#socket.once('close', () => {
        if (!stopped) fail(`the server closed a connection ${this.#since === undefined ? 'idle' : 'in use'}`);
      });
    });
  }

  send(since) {
    this.#since = since;
    this.#socket.write(unique ? uniqueRequest() : requests[nextRequest]);
    nextRequest = (nextRequest + 1) % requests.length;
  }

  close() {
    this.#socket.destroy();
  }

  get busy() {
    return this.#since !== undefined;
  }

  #take(text) {
    const received = this.#received === '' ? text : this.#received + text;
    const headEnd = received.indexOf('\r\n\r\n');
    if (headEnd < 0 || received.length < headEnd + 4 + bodyLength(received, headEnd)) {
      if (received.length > MAX_HEAD_BYTES) throw new Error('no end of the answer');
      this.#received = received;
      return;
    }
    this.#received = '';
    const status = received.slice(9, 12);
    if (status !== String(expectedStatus)) fail(`status ${status}`);
    const since = this.#since;
    this.#since = undefined;
    if (recording) record(performance.now() - since);
    this.onFree(this);
  }
}

function bodyLength(text, headEnd) {
  const at = text.indexOf('ontent-length: ');
  if (at >= 0 && at < headEnd) return Number.parseInt(text.slice(at + 15, at + 25), 10);
  if (text.startsWith('304', 9) || text.startsWith('204', 9)) return 0;
  throw new Error('an answer without Content-Length');
}

function fail(what) {
  failures += 1;
  firstFailure ??= what;
}

const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Seconds that the server's threads were on a CPU; `undefined` where there is no /proc. By the scheduler's own count of
 * nanoseconds: /proc/PID/stat has ticks of 10 ms, a percent and more of a turn.
 */
function serverCpuSeconds() {
  if (serverPid === undefined) return undefined;
  try {
    const threads = `/proc/${serverPid}/task`;
    const ofThread = (id) => Number(readFileSync(`${threads}/${id}/schedstat`, 'latin1').split(' ')[0]);
    return readdirSync(threads).reduce((sum, id) => sum + ofThread(id), 0) / 1e9;
  } catch {
    return undefined;
  }
}

function closedLoop(pool) {
  for (const connection of pool) connection.send(performance.now());
  return { onFree: (connection) => stopped || connection.send(performance.now()), stop: () => undefined };
}

function openLoop(pool) {
  const idle = [...pool];
  const startedAt = performance.now();
  let sent = 0;
  const due = () => Math.floor(((performance.now() - startedAt) * rate) / 1000);
  const sendDue = () => {
    if (stopped) return;
    while (sent < due() && idle.length > 0) {
      sent += 1;
      idle.pop().send(startedAt + (sent * 1000) / rate);
    }
  };
  const timer = setInterval(sendDue, 1);
  return {
    onFree: (connection) => {
      idle.push(connection);
      sendDue();
    },
    stop: () => clearInterval(timer),
  };
}

let loop = { onFree: () => undefined, stop: () => undefined };
const pool = Array.from({ length: connections }, () => new Connection((free) => loop.onFree(free)));
await Promise.all(pool.map((connection) => connection.open()));
loop = rate === undefined ? closedLoop(pool) : openLoop(pool);
await delay(warmUpSeconds * 1000);
const cpuBefore = serverCpuSeconds();
const loopBefore = performance.eventLoopUtilization();
const startedAt = performance.now();
recording = true;
await delay(seconds * 1000);
const elapsed = (performance.now() - startedAt) / 1000;
const cpuAfter = serverCpuSeconds();
const busy = performance.eventLoopUtilization(loopBefore).utilization;
const completed = counted;
// Answers that are late are the ones that matter: they still count towards the latencies.
const giveUpAt = performance.now() + LAST_ANSWERS_MS;
stopped = true;
loop.stop();
while (pool.some((connection) => connection.busy) && performance.now() < giveUpAt) await delay(5);
const unanswered = pool.filter((connection) => connection.busy).length;
if (unanswered > 0) fail(`${unanswered} requests without an answer`);
for (const connection of pool) connection.close();

const sorted = latencies.subarray(0, counted).sort();
const at = (share) => sorted[Math.min(counted - 1, Math.floor(share * counted))] ?? Number.NaN;
process.stdout.write(
  `${JSON.stringify({
    requestsPerSecond: completed / elapsed,
    requests: counted,
    failures,
    firstFailure,
    p50: at(0.5),
    p99: at(0.99),
    p999: at(0.999),
    max: at(1),
    serverCpuMicroseconds:
      cpuBefore === undefined || cpuAfter === undefined
        ? undefined
        : ((cpuAfter - cpuBefore) * 1e6) / completed,
    generatorBusy: busy,
  })}\n`,
);
