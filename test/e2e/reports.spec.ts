import { bearer, testKey } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

const KEY = testKey('orders');
const READER = testKey('reader');
const STABLE = { appid: 'wx-stable', secret: 'simulated-secret-stable', tokenApi: 'stable_token' };
const CLASSIC = { appid: 'wx-classic', secret: 'simulated-secret-classic', tokenApi: 'token' };

describe('POST /v1/apps/{appid}/token/reject', () => {
  let hub: VirtualHub;

  beforeEach(async () => {
    hub = await VirtualHub.start({
      apps: [STABLE, CLASSIC],
      clients: [
        { id: 'orders', key: KEY, apps: '*' },
        { id: 'reader', key: READER, apps: '*', may: ['read'] },
      ],
    });
  });
  afterEach(() => hub.stop());

  const token = async (appid: string) => (await hub.hub.get(`/v1/apps/${appid}/token`, bearer(KEY))).json;
  const reject = (appid: string, access_token: unknown, extra: object = {}) =>
    hub.hub.post(`/v1/apps/${appid}/token/reject`, { access_token, ...extra }, bearer(KEY));

  it('of another token than the current one: superseded, and WeChat is not asked', async () => {
    for (const { appid } of [STABLE, CLASSIC]) {
      const current = await token(appid);
      const before = hub.simulator.calls();
      const answer = await reject(appid, 'invented-by-somebody', { errcode: 40001 });
      expect(answer).toMatchObject({ status: 200, json: { ...current, outcome: 'superseded' } });
      expect(hub.simulator.calls()).toBe(before);
    }
  });

  it('of a dead one: refreshed, with one call however many report it at once', async () => {
    for (const { appid, tokenApi } of [STABLE, CLASSIC]) {
      const dead = await token(appid);
      hub.simulator.killToken(appid, tokenApi as 'token');
      const before = hub.simulator.calls();
      const answers = await Promise.all(Array.from({ length: 300 }, () => reject(appid, dead.access_token)));
      // A `token` is probed before it is minted.
      expect(hub.simulator.calls()).toBe(before + (tokenApi === 'token' ? 2 : 1));
      for (const { status, json } of answers) {
        expect(status).toBe(200);
        expect(json.version).toBe(dead.version + 1);
        expect(['refreshed', 'superseded']).toContain(json.outcome);
        expect(hub.simulator.isAlive(json.access_token)).toBe(true);
      }
      expect(answers.filter(({ json }) => json.outcome === 'refreshed').length).toBeGreaterThan(0);
    }
  });

  it('of a living stable token: confirmed by WeChat, then throttled for 5 s', async () => {
    const current = await token('wx-stable');
    expect((await reject('wx-stable', current.access_token)).json).toMatchObject({
      access_token: current.access_token,
      outcome: 'confirmed',
    });
    await hub.pass(4999);
    expect((await reject('wx-stable', current.access_token)).json.outcome).toBe('throttled');
    await hub.pass(1);
    expect((await reject('wx-stable', current.access_token)).json.outcome).toBe('confirmed');
    expect(hub.simulator.journal({ endpoint: 'stable_token' }).every(({ forced }) => !forced)).toBe(true);
  });

  it('of a living token of a token app: no mint, whatever callers say', async () => {
    const mints = () => hub.simulator.mints({ appid: 'wx-classic' });
    const before = mints();
    for (let second = 0; second < 180; second += 1) {
      const current = await token('wx-classic');
      await reject('wx-classic', current.access_token);
      await hub.pass(1000);
    }
    expect(mints() - before).toBe(0);
  });

  it('while WeChat cannot be asked: the current token, throttled, and no call beside the schedule', async () => {
    const current = await token('wx-stable');
    hub.simulator.fault({ kind: 'errcode', errcode: -1, times: Infinity });
    expect((await reject('wx-stable', current.access_token)).json).toMatchObject({
      access_token: current.access_token,
      outcome: 'throttled',
    });
    const before = hub.simulator.calls();
    for (let nth = 0; nth < 20; nth += 1) await reject('wx-stable', current.access_token);
    expect(hub.simulator.calls()).toBe(before);
  });

  it.each([
    ['no body', undefined],
    ['not JSON', '{"access_token":'],
    ['no token', {}],
    ['an empty token', { access_token: '' }],
    ['a token that is no text', { access_token: 7 }],
    ['a token longer than any', { access_token: 'x'.repeat(4097) }],
    ['an errcode that is no number', { access_token: 'x', errcode: '40001' }],
    ['an array', ['x']],
  ])('refuses %s', async (_what, body) => {
    const answer = await hub.hub.post('/v1/apps/wx-stable/token/reject', body, bearer(KEY));
    expect(answer).toMatchObject({ status: 400, json: { code: 'HUB_BAD_REQUEST' } });
  });

  it('is refused to a client that may only read', async () => {
    const answer = await hub.hub.post(
      '/v1/apps/wx-stable/token/reject',
      { access_token: 'x' },
      bearer(READER),
    );
    expect(answer).toMatchObject({ status: 403, json: { code: 'HUB_NOT_GRANTED' } });
  });
});
