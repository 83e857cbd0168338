// Opens many connections that each wait for a newer token, tells when all of them wait, then when all are answered.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

const { port, path, headers, count } = JSON.parse(readFileSync(0, 'utf8'));
/** Fewer than a listener's queue of connections not yet accepted holds. */
const AT_ONCE = 200;

const lines = Object.entries({ host: `127.0.0.1:${port}`, ...headers }).map(
  ([name, value]) => `${name}: ${value}\r\n`,
);
const request = `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
const statuses = {};
let answered = 0;
let firstAt;

function open() {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => socket.write(request, () => resolve(socket)));
    socket.once('data', (data) => {
      firstAt ??= performance.now();
      const status = data.toString('latin1', 9, 12);
      statuses[status] = (statuses[status] ?? 0) + 1;
      answered += 1;
      if (answered === count) finish();
    });
  });
}

function finish() {
  process.stdout.write(`${JSON.stringify({ statuses, spreadMs: performance.now() - firstAt })}\n`, () =>
    process.exit(),
  );
}

for (let opened = 0; opened < count; opened += AT_ONCE) {
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - opened) }, open));
}
process.stdout.write(`${JSON.stringify({ waiting: count })}\n`);
