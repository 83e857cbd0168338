// What the hub is measured against: `node:http` and nothing else. For each request it hashes the key, looks the hash
// up, checks the address against the client's rule, and sends the bytes that the hub would send.
// Takes one JSON argument, prints the port as one JSON line.
import { hash } from 'node:crypto';
import { createServer } from 'node:http';
import { BlockList } from 'node:net';

const { keySha256, allow, answer } = JSON.parse(process.argv[2]);
const clients = new Map([[keySha256, { id: 'bench' }]]);
const addresses = new BlockList();
addresses.addSubnet(allow.network, allow.prefix, 'ipv4');
const headers = [...answer.headers, 'content-length', String(Buffer.byteLength(answer.body))];

const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
  const authorization = request.headers.authorization ?? '';
  const client = clients.get(hash('sha256', authorization.slice('Bearer '.length), 'hex'));
  if (client === undefined || !addresses.check(request.socket.remoteAddress ?? '', 'ipv4')) {
    response.writeHead(401).end();
    return;
  }
  response.writeHead(200, headers).end(answer.body);
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`);
});
