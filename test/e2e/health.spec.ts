import { Readiness } from '../../src/web/readiness.js';
import { bearer, testKey } from '../support/start-hub.js';
import { VirtualHub, type VirtualHubOptions } from '../support/virtual-hub.js';

const KEY = testKey('health');
const APPS = ['wx-one', 'wx-two'].map((appid) => ({ appid, secret: `simulated-secret-of-${appid}` }));

let virtual: VirtualHub;
afterEach(() => virtual.stop());

const start = async (options: Partial<VirtualHubOptions> = {}) => {
  virtual = await VirtualHub.start({
    apps: APPS,
    clients: [{ id: 'health', key: KEY, apps: '*' }],
    ...options,
  });
};

/** Of both ports, which never differ. */
async function statusOf(probe: '/livez' | '/readyz'): Promise<number> {
  const { hub } = virtual;
  const answers = [await hub.get(probe), await hub.get(`${hub.opsUrl}${probe}`)];
  expect(answers[0]?.text).toBe(answers[1]?.text);
  for (const { headers } of answers) {
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-store');
  }
  expect(answers[0]?.status).toBe(answers[1]?.status);
  return answers[0]?.status ?? 0;
}

it('the ops port does not repeat a path that it does not know', async () => {
  await start();
  const { status, text } = await virtual.hub.get(`${virtual.hub.opsUrl}/nothing?secret=${KEY}`);
  expect([status, text]).toEqual([404, '{"error":"no such path"}']);
});

describe('/readyz', () => {
  it('is 200 when every app has ended its first fetch, well', async () => {
    await start();
    expect(await statusOf('/readyz')).toBe(200);
  });

  it('or badly', async () => {
    await start({ faults: [{ kind: 'errcode', errcode: 40125, appid: 'wx-one' }] });
    expect(await statusOf('/readyz')).toBe(200);
  });

  it('is 503 while one app’s first fetch is under way, until it ends', async () => {
    await start({ faults: [{ kind: 'delay', delayMs: 3000, appid: 'wx-two' }] });
    expect(await statusOf('/readyz')).toBe(503);
    await virtual.pass(2999);
    expect(await statusOf('/readyz')).toBe(503);
    await virtual.pass(1);
    expect(await statusOf('/readyz')).toBe(200);
  });

  it('or 10 s have passed', async () => {
    await start({
      faults: [{ kind: 'hang', appid: 'wx-two', times: Infinity }],
      environment: { HUB_WECHAT_TIMEOUT_MS: '60000' },
    });
    await virtual.pass(9999);
    expect(await statusOf('/readyz')).toBe(503);
    await virtual.pass(1);
    expect(await statusOf('/readyz')).toBe(200);
  });

  it('is 200 at once where there is no app', async () => {
    await start({ apps: [] });
    expect(await statusOf('/readyz')).toBe(200);
  });

  it('stays 200 whatever becomes of WeChat and the tokens', async () => {
    await start();
    virtual.simulator.fault({ kind: 'hang', times: Infinity });
    for (let i = 0; i < 10; i++) {
      await virtual.pass(900_000);
      expect(await statusOf('/readyz')).toBe(200);
    }
    await virtual.readable('wx-one');
    expect((await virtual.hub.get('/v1/apps/wx-one/token', bearer(KEY))).status).toBe(503);
  });

  it('stays 200 when a reload brings an app that cannot be fetched', async () => {
    await start({ clients: [{ id: 'health', key: KEY, apps: '*', may: ['admin'] }] });
    virtual.hub.writeApps([...APPS, { appid: 'wx-three', secret: 'simulated-secret-of-nobody' }]);
    expect((await virtual.hub.post('/admin/reload', undefined, bearer(KEY))).status).toBe(200);
    expect(await statusOf('/readyz')).toBe(200);
    await virtual.pass(0);
    expect(await statusOf('/readyz')).toBe(200);
  });

  it('is 503 while shutting down, and says so; callers are still served', async () => {
    await start();
    virtual.hub.app.get(Readiness).drain();
    expect(await statusOf('/readyz')).toBe(503);
    expect((await virtual.hub.get('/readyz')).json).toEqual({ status: 'draining' });
    const { status, headers } = await virtual.hub.get('/v1/apps/wx-one/token', bearer(KEY));
    expect({ status, connection: headers.get('connection') }).toEqual({ status: 200, connection: 'close' });
  });
});

describe('/livez', () => {
  it('is 200 before the first round has ended, without WeChat, and while shutting down', async () => {
    await start({ faults: [{ kind: 'hang', times: Infinity }] });
    expect(await statusOf('/livez')).toBe(200);
    await virtual.pass(3600_000);
    expect(await statusOf('/livez')).toBe(200);
    virtual.hub.app.get(Readiness).drain();
    expect(await statusOf('/livez')).toBe(200);
  });
});

describe('the ops port', () => {
  it('has no callers’ routes, and the callers’ port no metrics', async () => {
    await start();
    const { hub } = virtual;
    for (const path of ['/v1/apps/wx-one/token', '/admin/apps', '/admin/reload']) {
      expect((await hub.get(`${hub.opsUrl}${path}`, bearer(KEY))).status).toBe(404);
    }
    for (const path of ['/metrics', '/openapi.json']) {
      expect((await hub.get(path, bearer(KEY))).status).toBe(404);
      expect((await hub.get(`${hub.opsUrl}${path}`)).status).toBe(200);
    }
  });

  it('probes take no key and count for nobody: a wrong one does no harm', async () => {
    await start();
    for (let i = 0; i < 50; i++) {
      expect((await virtual.hub.get('/livez', bearer(testKey('wrong')))).status).toBe(200);
    }
    expect((await virtual.hub.get('/v1/apps/wx-one/token', bearer(testKey('wrong')))).status).toBe(401);
  });
});
