// A WeChat that costs as little as can be: grants a token, and answers every other request with 1 KiB of JSON.
// Prints the port as one JSON line.
import { createServer } from 'node:http';

const token = JSON.stringify({ access_token: `SIMULATED-${'x'.repeat(140)}`, expires_in: 7200 });
const kibibyte = JSON.stringify({ errcode: 0, errmsg: 'ok', data: 'x'.repeat(1024 - 40) });

const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  request.resume();
  const body = request.url.startsWith('/cgi-bin/stable_token') ? token : kibibyte;
  const headers = ['content-type', 'application/json; encoding=utf-8', 'content-length', String(body.length)];
  if (request.method === 'GET') response.writeHead(200, headers).end(body);
  else request.once('end', () => response.writeHead(200, headers).end(body));
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 2048 }, () => {
  process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`);
});
