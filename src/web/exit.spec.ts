import { fastify, type FastifyInstance } from 'fastify';
import { Admission } from '../access-guard/admission.js';
import type { Denied, Granted } from '../access-guard/access-verdict.js';
import { EMPTY_SNAPSHOT } from '../config/reload/hub-snapshot.js';
import { HubEvents } from '../events/hub-events.js';
import type { AppRequest } from './app-request.js';
import { installExit } from './exit.js';
import { declare, demandDeclarations } from './route-access.js';
import { sendReady } from './send-ready.js';

const GRANTED = { ok: true, client: { id: 'shop' }, key: undefined, address: '192.0.2.1' } as Granted;
const DENIED = { ok: false, reason: 'ip_not_allowed', cause: 'address', address: '192.0.2.1' } as Denied;

/** Rules that can be changed; how often somebody was denied. */
class Rules {
  revoked = false;
  denials = 0;
  isCurrent(): boolean {
    return !this.revoked;
  }
  wallNow(): number {
    return 0;
  }
  checkAgain(): Denied {
    this.denials += 1;
    return DENIED;
  }
}

describe('the way out', () => {
  let instance: FastifyInstance;
  let rules: Rules;
  let troubles: unknown[];

  beforeEach(() => {
    instance = fastify();
    rules = new Rules();
    troubles = [];
    const events = new HubEvents();
    events.on('troubleSeen', ({ error }) => troubles.push(error));
    demandDeclarations(instance);
    installExit(instance, events);
  });

  const letIn = (request: unknown): AppRequest => {
    const ask = { request: { socketAddress: '', xForwardedFor: undefined, authorization: undefined } };
    const admitted = request as AppRequest;
    admitted.admission = new Admission(
      rules,
      { ...ask, act: 'read', appid: 'wx1', proof: 'key' },
      GRANTED,
      EMPTY_SNAPSHOT,
    );
    admitted.verdict = GRANTED;
    return admitted;
  };

  it('lets pass what was let in', async () => {
    instance.get('/a', { config: declare('read') }, (request) => {
      letIn(request);
      return { ticket: 1 };
    });
    expect((await instance.inject('/a')).json()).toEqual({ ticket: 1 });
  });

  it.each([
    ['problem', 403, 'HUB_IP_NOT_ALLOWED'],
    ['wechat', 200, '40164'],
  ] as const)(
    'puts the denial in the place of the answer of a route that forgot (%s)',
    async (shape, status, code) => {
      instance.get('/a', { config: declare('read', { shape }) }, (request, reply) => {
        letIn(request);
        rules.revoked = true;
        return reply.header('etag', '"7"').send({ ticket: 1 });
      });
      instance.get('/ready', { config: declare('read', { shape }) }, (request, reply) => {
        letIn(request);
        rules.revoked = true;
        sendReady(request as AppRequest, reply, '{"ticket":1}', ['etag', '"7"']);
      });
      for (const url of ['/a', '/ready']) {
        rules.revoked = false;
        const { statusCode, headers, body } = await instance.inject(url);
        expect(statusCode).toBe(status);
        expect(body).toContain(code);
        expect(body).not.toContain('ticket');
        expect(headers.etag).toBeUndefined();
      }
      expect(rules.denials).toBe(2);
    },
  );

  it('lets out what tells of the caller’s own deed', async () => {
    instance.get('/a', { config: declare('admin', { tellsOwnDeed: true }) }, (request) => {
      letIn(request);
      rules.revoked = true;
      return { reloaded: true };
    });
    expect((await instance.inject('/a')).json()).toEqual({ reloaded: true });
  });

  it('lets nothing but errors out of a route that never asked the guard', async () => {
    instance.get('/a', { config: declare('read') }, () => ({ ticket: 1 }));
    instance.get('/ready', { config: declare('read') }, (request, reply) => {
      sendReady(request as AppRequest, reply, '{"ticket":1}');
    });
    instance.get('/e', { config: declare('read') }, (_request, reply) => reply.status(400).send('bad'));
    for (const url of ['/a', '/ready']) {
      const { statusCode, body } = await instance.inject(url);
      expect(statusCode).toBe(500);
      expect(body).not.toContain('ticket');
    }
    expect(troubles.map(String)).toEqual([
      'Error: GET /a answered without the guard',
      'Error: GET /ready answered without the guard',
    ]);
    expect((await instance.inject('/e')).body).toBe('bad');
  });

  it('needs nothing of open routes', async () => {
    instance.get('/a', { config: declare('open') }, () => 'open');
    expect((await instance.inject('/a')).body).toBe('open');
  });

  it('there is no route without a declaration', () => {
    expect(() => instance.get('/b', () => 'x')).toThrow('GET /b does not declare who may use it');
  });
});
