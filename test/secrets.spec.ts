import { Log } from '../src/logging/log.js';
import { WeChatSimulator } from '../src/simulator/simulator.js';
import { LeakWatch } from './support/leak-watch.js';
import { bearer, startHub, testKey, type RunningHub } from './support/start-hub.js';

/**
 * Every hub of startHub is searched for leaks when it stops. Here: that the search finds what it should, or it would
 * prove nothing.
 */

const KEY = testKey('leaky');
const APP = { appid: 'wx-leaky', secret: 'app-secret-that-leaks-0123456789' };

describe('the search for leaked secrets', () => {
  let simulator: WeChatSimulator;
  let hub: RunningHub;

  beforeEach(async () => {
    simulator = await WeChatSimulator.start({ apps: [APP] });
    hub = await startHub({
      upstream: simulator.url,
      apps: [APP],
      clients: [{ id: 'leaky', key: KEY, apps: '*', may: ['read', 'admin'] }],
    });
  });

  afterEach(async () => {
    await hub.stop().catch(() => undefined);
    await simulator.close();
  });

  const token = () => hub.get('/v1/apps/wx-leaky/token', bearer(KEY));

  it('finds nothing in an ordinary life, though tokens were served and keys refused', async () => {
    expect((await token()).status).toBe(200);
    expect((await hub.get('/v1/apps/wx-leaky/token', bearer(testKey('wrong')))).status).toBe(401);
    expect((await hub.get('/admin/apps', bearer(KEY))).status).toBe(200);
    await expect(hub.stop()).resolves.toBeUndefined();
  });

  it.each([
    ['an AppSecret', () => APP.secret],
    ['a key', () => KEY],
    ['a key that no client has', () => testKey('wrong')],
    ['a token', (served: string) => served],
    ['a piece of a token', (served: string) => served.slice(0, 20)],
    ['an AppSecret in base64', () => Buffer.from(APP.secret).toString('base64')],
  ])('fails for %s in the log', async (_what, leak) => {
    const { json } = await token();
    await hub.get('/v1/apps/wx-leaky/token', bearer(testKey('wrong')));
    hub.app.get(Log).info('as a careless line would', { url: `/cgi-bin/token?x=${leak(json.access_token)}` });
    await expect(hub.stop()).rejects.toThrow(/1 leak\(s\) of secrets:\n.* in log line \d+/);
  });

  it('fails for a secret that a reload brought', async () => {
    hub.writeApps([{ ...APP, secret: 'the-new-secret-of-the-app' }]);
    expect((await hub.post('/admin/reload', undefined, bearer(KEY))).status).toBe(200);
    hub.app.get(Log).info('planted', { secret: 'the-new-secret-of-the-app' });
    await expect(hub.stop()).rejects.toThrow('AppSecret of wx-leaky');
  });
});

describe('what may be where', () => {
  const answer = (status: number, body: object, headers = {}) => ({
    status,
    headers: new Headers(headers),
    text: JSON.stringify(body),
    json: body,
  });
  const leaksOf = (path: string, ...rest: Parameters<typeof answer>) => {
    const watch = new LeakWatch();
    watch.addSecret('key', KEY);
    watch.sawAnswer(path, answer(...rest));
    return watch.leaks().map(({ what, where }) => `${what} in ${where}`);
  };
  const token = '12_SIMULATED-1-abcdefghijklmnop';
  const anyToken = 'a token or ticket of the simulator';

  it.each([
    ['a token in its answer', '/v1/apps/a/token', 200, { access_token: token }, []],
    ['a token in an error', '/v1/apps/a/token', 503, { detail: token }, [anyToken]],
    ['a token in an error of status 200', '/cgi-bin/token', 200, { errcode: -1, errmsg: token }, [anyToken]],
    ['a token in an admin answer', '/admin/apps', 200, { apps: [{ token }] }, [anyToken]],
    ['a key in a token answer', '/v1/apps/a/token', 200, { access_token: token, key: KEY }, ['key']],
  ])('%s', (_name, path, status, body, what) => {
    const found = leaksOf(path, status, body).filter(
      (leak) => !leak.startsWith('access_token that was served'),
    );
    expect(found).toEqual(what.map((name) => `${name} in answer ${status} of ${path}`));
  });

  it('no token is in a header', () => {
    expect(leaksOf('/v1/apps/a/token', 200, {}, { etag: token })).toEqual([
      `${anyToken} in headers of answer 200 of /v1/apps/a/token`,
    ]);
  });
});
