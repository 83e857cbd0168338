import { bearer, testKey } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

const SHOP = { appid: 'wx-shop', secret: 'simulated-secret-of-shop' };
const KEY = testKey('backend');
const TOKEN = '/v1/apps/wx-shop/token';

/** HUB_ACCESS_LOG: a line per request, and no stranger decides how many lines there are. */
describe('the access log', () => {
  let virtual: VirtualHub;
  afterEach(() => virtual.stop());

  const start = async (accessLog: string) => {
    virtual = await VirtualHub.start({
      apps: [SHOP],
      clients: [{ id: 'backend', key: KEY, apps: '*' }],
      environment: { HUB_ACCESS_LOG: accessLog },
    });
  };
  const lines = () =>
    virtual.hub.log
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ msg }) => msg === 'request' || msg === 'requests');
  const times = async (count: number, path: string, key?: string) => {
    for (let nth = 0; nth < count; nth += 1)
      await virtual.hub.get(path, key === undefined ? {} : bearer(key));
  };

  it('has a line for each refused request of a client that the hub knows', async () => {
    await start('errors');
    await times(5, TOKEN, KEY);
    expect(lines()).toEqual([]);
    await times(5, '/admin/apps', KEY);
    expect(lines()).toHaveLength(5);
    for (const line of lines()) {
      expect(line).toMatchObject({ client: 'backend', denied: 'act_not_granted', status: 403 });
    }
  });

  it('sums those of strangers: the first at once, then how many, once a minute', async () => {
    await start('errors');
    await times(10, TOKEN, testKey('guessed'));
    await times(30, '/robots.txt');
    expect(lines()).toEqual([
      expect.objectContaining({ denied: 'unknown_key', status: 401, route: '/v1/apps/:appid/token' }),
      expect.objectContaining({ msg: 'request', status: 404, address: '127.0.0.1' }),
    ]);
    await virtual.pass(60_000);
    expect(lines().slice(2)).toEqual([
      expect.objectContaining({ msg: 'requests', denied: 'unknown_key', address: '127.0.0.1', count: 9 }),
      expect.objectContaining({ msg: 'requests', status: 404, address: '127.0.0.1', count: 29 }),
    ]);
  });

  it('loses none of them at the end', async () => {
    await start('errors');
    await times(3, '/robots.txt');
    await virtual.hub.stop();
    expect(lines().map(({ count }) => count)).toEqual([undefined, 2]);
  });

  it.each([
    ['all', 10],
    ['off', 0],
  ])('%s is %i lines of 10 requests, whoever sends them', async (accessLog, count) => {
    await start(accessLog);
    await times(5, TOKEN, KEY);
    await times(5, TOKEN, testKey('guessed'));
    expect(lines()).toHaveLength(count);
  });
});
