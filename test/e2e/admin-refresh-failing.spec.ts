import { bearer, testKey } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

/** POST /admin/refresh: after an outage is mended nobody waits ten minutes, and nobody asks forty times by hand. */

const KEY = testKey('operator');
const SHOP_KEY = testKey('shop-operator');
const APPS = Array.from({ length: 70 }, (_, index) => ({
  appid: `wx-app-${index}`,
  secret: `simulated-secret-of-wx-app-${index}`,
}));
const APPIDS = APPS.map(({ appid }) => appid);

let virtual: VirtualHub;

afterEach(() => virtual.stop());

async function start(
  faults: Parameters<typeof VirtualHub.start>[0]['faults'],
  tickets?: string[],
): Promise<void> {
  virtual = await VirtualHub.start({
    apps: APPS.map((app) => ({ ...app, ...(tickets === undefined ? {} : { tickets }) })),
    clients: [
      { id: 'operator', key: KEY, apps: '*', may: ['admin', 'read'] },
      { id: 'shop', key: SHOP_KEY, apps: ['wx-app-0', 'wx-app-1'], may: ['admin'] },
    ],
    faults,
  });
}

const refresh = (body: unknown, key = KEY) => virtual.hub.post('/admin/refresh', body, bearer(key));
const states = async () =>
  (await virtual.hub.get('/admin/apps', bearer(KEY))).json.apps.map(({ state }: { state: string }) => state);

it('tries all that fail, at most 50 at a time, and answers at once', async () => {
  await start([{ kind: 'errcode', errcode: 40164, errmsg: 'invalid ip 192.0.2.9', times: 70 }]);
  expect(new Set(await states())).toEqual(new Set(['unavailable']));
  const before = virtual.simulator.journal().length;
  await virtual.pass(6000);
  const held = virtual.simulator.fault({ kind: 'hang', times: Infinity });
  const answer = await refresh({ failing: true });
  expect([answer.status, answer.json]).toEqual([200, { refreshing: APPIDS }]);
  await held.waitForHits(50);
  expect(held.held).toBe(50);
  held.clear();
  held.release();
  await virtual.pass(1000);
  expect(new Set(await states())).toEqual(new Set(['valid']));
  expect(virtual.simulator.journal().length - before).toBe(70);
  expect((await refresh({ failing: true })).json).toEqual({ refreshing: [] });
});

it('of those that the key is granted, and of one reason where that is named', async () => {
  await start([
    { kind: 'errcode', errcode: 40164, errmsg: 'invalid ip 192.0.2.9', appid: 'wx-app-0', times: 1 },
    { kind: 'errcode', errcode: 40125, appid: 'wx-app-1', times: 1 },
    { kind: 'errcode', errcode: 40164, errmsg: 'invalid ip 192.0.2.9', appid: 'wx-app-2', times: 1 },
  ]);
  await virtual.pass(6000);
  expect((await refresh({ failing: true, reason: '45009' })).json).toEqual({ refreshing: [] });
  expect((await refresh({ failing: true, reason: '40164' }, SHOP_KEY)).json).toEqual({
    refreshing: ['wx-app-0'],
  });
  await virtual.pass(1000);
  expect((await states()).slice(0, 4)).toEqual(['valid', 'unavailable', 'unavailable', 'valid']);
  expect((await refresh({ failing: true })).json).toEqual({ refreshing: ['wx-app-1', 'wx-app-2'] });
});

it('tickets that fail as well, also where the token is good', async () => {
  await start(
    [{ kind: 'errcode', errcode: 48001, endpoint: 'getticket', appid: 'wx-app-3', times: 1 }],
    ['jsapi'],
  );
  const ticket = async () =>
    (await virtual.hub.get('/admin/apps/wx-app-3', bearer(KEY))).json.tickets[0].state;
  await virtual.pass(6000);
  expect(await ticket()).toBe('unavailable');
  expect((await refresh({ failing: true })).json).toEqual({ refreshing: ['wx-app-3'] });
  await virtual.pass(1000);
  expect(await ticket()).toBe('valid');
});

it('a refresh of one app takes its failing ticket with it', async () => {
  await start(
    [{ kind: 'errcode', errcode: 48001, endpoint: 'getticket', appid: 'wx-app-3', times: 1 }],
    ['jsapi'],
  );
  await virtual.pass(6000);
  expect((await virtual.hub.post('/admin/apps/wx-app-3/refresh', {}, bearer(KEY))).status).toBe(200);
  await virtual.pass(1000);
  const { json } = await virtual.hub.get('/admin/apps/wx-app-3', bearer(KEY));
  expect(json.tickets).toMatchObject([{ state: 'valid' }]);
});

it.each([
  [undefined],
  [{}],
  [{ failing: false }],
  [{ failing: true, force: true }],
  [{ failing: true, reason: 'a b' }],
])('refuses the body %j', async (body) => {
  await start([]);
  expect(await refresh(body)).toMatchObject({ status: 400, json: { code: 'HUB_BAD_REQUEST' } });
});
