import { fastify, type FastifyInstance } from 'fastify';
import { GatewayRoutes, type UnroutedEndpoint } from './gateway.routes.js';
import type { Gateway } from './gateway.service.js';

describe('requests that no route is for', () => {
  let instance: FastifyInstance;
  const asked: string[] = [];

  const prefixed: UnroutedEndpoint = {
    takes: ({ url }) => url.startsWith('/any/prefix/'),
    answer: (request, reply) => {
      if (request.url.endsWith('/throws')) throw new Error('as the test has it');
      void reply.send({ body: request.body });
    },
    fail: (error, _request, reply) => {
      void reply.status(200).send({ failed: (error as { code?: string }).code ?? 'other' });
    },
  };

  beforeAll(async () => {
    instance = fastify();
    const gateway = {
      transparent: ({ url }: { url: string }, reply: { send(body: string): void }) => {
        asked.push(url);
        if (!url.includes('access_token')) return false;
        reply.send('forwarded');
        return true;
      },
    } as unknown as Gateway;
    const routes = new GatewayRoutes(gateway);
    routes.addUnrouted(prefixed);
    instance.setNotFoundHandler((_request, reply) => reply.status(404).send('nothing here'));
    routes.register(instance);
    await instance.ready();
  });

  afterAll(() => instance.close());

  const post = async (url: string, payload?: string, headers = {}) =>
    instance.inject({ method: 'POST', url, headers, ...(payload === undefined ? {} : { payload }) });

  it('go to the first endpoint that takes them, with the text of the body under any Content-Type', async () => {
    const answer = await post('/any/prefix/x?access_token=1', '{"a":1}', { 'content-type': 'odd/type' });
    expect(answer.json()).toEqual({ body: '{"a":1}' });
    expect((await instance.inject('/any/prefix/x')).json()).toEqual({});
    expect(asked).toEqual([]);
  });

  it('whose errors are the endpoint’s to tell', async () => {
    expect((await post('/any/prefix/throws')).json()).toEqual({ failed: 'other' });
    const long = await post('/any/prefix/x', 'x'.repeat(16_385), { 'content-type': 'text/plain' });
    expect(long.json()).toEqual({ failed: 'FST_ERR_CTP_BODY_TOO_LARGE' });
  });

  it('otherwise are the transparent form’s, or nobody’s', async () => {
    expect((await post('/x?access_token=1', 'x', { 'content-type': 'not a type' })).body).toBe('forwarded');
    const none = await post('/x', 'x'.repeat(20_000), { 'content-type': 'application/json' });
    expect([none.statusCode, none.body]).toEqual([404, 'nothing here']);
  });
});
