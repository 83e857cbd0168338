// What the gateway is measured against: a reverse proxy of some twenty lines, with the same HTTP client. It checks
// nothing, puts nothing in, and looks into nothing.
// Takes one JSON argument, prints the port as one JSON line.
import { createServer } from 'node:http';
import { Pool } from 'undici';

const { upstream } = JSON.parse(process.argv[2]);
const pool = new Pool(upstream, { connections: 5000, headersTimeout: 30_000, bodyTimeout: 30_000 });

const server = createServer({ keepAliveTimeout: 75_000 }, async (request, response) => {
  const {
    connection,
    host,
    'keep-alive': keepAlive,
    'transfer-encoding': coding,
    ...headers
  } = request.headers;
  const hasBody = coding !== undefined || request.headers['content-length'] !== undefined;
  try {
    const answer = await pool.request({
      method: request.method,
      path: request.url,
      headers,
      body: hasBody ? request : null,
    });
    const {
      connection: theirs,
      'keep-alive': theirKeepAlive,
      'transfer-encoding': theirCoding,
      ...back
    } = answer.headers;
    response.writeHead(answer.statusCode, back);
    answer.body.pipe(response);
  } catch {
    response.writeHead(502).end();
  }
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`);
});
