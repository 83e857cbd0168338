import { fastify, type FastifyInstance } from 'fastify';
import type { Admission } from '../access-guard/admission.js';
import type { AccessGuard } from './access.guard.js';
import type { AppRequest } from './app-request.js';
import { HubException } from './hub-exception.js';
import { shortenRoute, type HotRoute } from './hot-route.js';
import type { ProblemFilter } from './problem.filter.js';
import { sendReady } from './send-ready.js';

const URL = '/v1/apps/:appid/token';
const DENIED = new HubException('HUB_NOT_GRANTED', 'no');

async function started(
  answer: HotRoute['answer'],
  { denied = false, declared = URL } = {},
): Promise<FastifyInstance> {
  const instance = fastify();
  const guard = {
    during: (_request: unknown, _reply: unknown, waiting: Promise<void>) => waiting,
    admit: (request: AppRequest, act: string) => {
      request.admission = { denialNow: () => undefined } as Admission;
      expect(act).toBe('read');
      if (denied) throw DENIED;
    },
  } as unknown as AccessGuard;
  const problems = {
    write: (
      thrown: Error,
      _request: unknown,
      reply: { status(code: number): { send(body: string): void } },
    ) => {
      reply.status(418).send(thrown.message);
    },
  } as unknown as ProblemFilter;
  shortenRoute(instance, { url: URL, act: 'read', answer }, guard, problems);
  instance.setNotFoundHandler((_request, reply) => reply.status(404).send('none'));
  instance.get(declared, () => 'the long way');
  instance.get('/other', () => 'the long way');
  await instance.ready();
  return instance;
}

const get = async (instance: FastifyInstance, url = '/v1/apps/wx1/token', method: 'GET' | 'HEAD' = 'GET') => {
  const { statusCode, body } = await instance.inject({ method, url });
  return `${statusCode} ${body}`;
};

describe('a shortened route', () => {
  it('is answered by its method, other routes as before', async () => {
    const instance = await started((request, reply) => {
      sendReady(request, reply, `"${request.params.appid}"`);
    });
    expect(await get(instance)).toBe('200 "wx1"');
    expect(await get(instance, '/v1/apps/wx1/token', 'HEAD')).toMatch(/^200/);
    expect(await get(instance, '/other')).toBe('200 the long way');
    expect(await get(instance, '/v1/apps//token')).toBe('404 none');
  });

  it('asks the guard first', async () => {
    let answered = 0;
    const answer = () => void (answered += 1);
    expect(await get(await started(answer, { denied: true }))).toBe('418 no');
    expect(answered).toBe(0);
  });

  it.each<[string, HotRoute['answer']]>([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['rejects', () => Promise.reject(new Error('broken'))],
  ])('has its error written where it %s', async (_, answer) => {
    expect(await get(await started(answer))).toBe('418 broken');
  });

  it('fails the start where no controller declares it', async () => {
    await expect(started(() => undefined, { declared: '/v2/token' })).rejects.toThrow(
      'no controller declares GET /v1/apps/:appid/token',
    );
  });
});
