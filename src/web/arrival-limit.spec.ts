import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fastify, type FastifyInstance } from 'fastify';
import { limitArrival } from './arrival-limit.js';

describe('a body that does not arrive', () => {
  let instance: FastifyInstance;

  beforeAll(async () => {
    instance = fastify();
    limitArrival(instance, 200);
    instance.post('/hasty', () => ({ ok: true }));
    instance.post('/patient', {
      onRequest: (request, reply) => {
        request.raw.resume().once('end', () => {
          void reply.send({ ok: true });
        });
      },
      handler: () => undefined,
    });
    await instance.listen({ port: 0, host: '127.0.0.1' });
  });

  afterAll(() => instance.close());

  /** Half of the body, and the other half after `pauseMs`. */
  const send = (url: string, pauseMs: number): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect((instance.server.address() as AddressInfo).port, '127.0.0.1');
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('error', () => undefined);
      socket.on('close', () => {
        resolve(text);
      });
      socket.write(
        `POST ${url} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{`,
      );
      setTimeout(() => socket.write('}'), pauseMs).unref();
    });

  it('in time is answered with 408 and the end of the connection', async () => {
    expect(await send('/hasty', 2000)).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('but in time is as good as any', async () => {
    expect(await send('/hasty', 20)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('is waited for where somebody else reads it', async () => {
    expect(await send('/patient', 500)).toMatch(/^HTTP\/1\.1 200 /);
  });
});
