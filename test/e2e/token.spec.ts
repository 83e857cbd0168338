import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { bearer, startHub, testKey, type RunningHub } from '../support/start-hub.js';

const KEY = testKey('orders');
const APP = { appid: 'wx-shop', secret: 'simulated-secret-shop' };

describe('GET /v1/apps/{appid}/token', () => {
  let simulator: WeChatSimulator;
  let hub: RunningHub;

  beforeAll(async () => {
    simulator = await WeChatSimulator.start({ apps: [APP] });
    hub = await startHub({
      upstream: simulator.url,
      apps: [APP],
      clients: [{ id: 'orders', key: KEY, apps: ['wx-shop'], may: ['read', 'admin'] }],
    });
  });

  afterAll(async () => {
    await hub.stop();
    await simulator.close();
  });

  const token = (headers: Record<string, string> = {}) =>
    hub.get('/v1/apps/wx-shop/token', { ...bearer(KEY), ...headers });

  it('gives a token that WeChat takes, its remaining life and version', async () => {
    const { status, headers, json } = await token();
    expect(status).toBe(200);
    expect(Object.keys(json)).toEqual(['access_token', 'expires_in', 'version']);
    expect(simulator.isAlive(json.access_token)).toBe(true);
    expect(json.expires_in).toBeGreaterThan(7100);
    expect(json.expires_in).toBeLessThanOrEqual(7200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(headers.get('etag')).toBe(`"${json.version}"`);
  });

  it('is one call to WeChat however many ask', async () => {
    const answers = await Promise.all(Array.from({ length: 200 }, () => token()));
    expect(new Set(answers.map(({ json }) => json.access_token)).size).toBe(1);
    expect(simulator.calls({ appid: 'wx-shop' })).toBe(1);
  });

  it('answers 304 to the version that it holds, and not to another', async () => {
    const { json } = await token();
    const same = await token({ 'if-none-match': `"${json.version}"` });
    expect(same).toMatchObject({ status: 304, text: '' });
    expect(same.headers.get('etag')).toBe(`"${json.version}"`);
    expect(await token({ 'if-none-match': `"${json.version - 1}"` })).toMatchObject({ status: 200 });
  });

  it('with Prefer: wait, answers as soon as there is a newer token', async () => {
    const { json } = await token();
    const waiting = token({ 'if-none-match': `"${json.version}"`, prefer: 'wait=50' });
    const forced = await hub.post('/admin/apps/wx-shop/refresh', { force: true }, bearer(KEY));
    expect(forced.status).toBe(200);
    expect(forced.text).not.toContain('access_token');
    const newer = await waiting;
    expect(newer.status).toBe(200);
    expect(newer.json.version).toBe(json.version + 1);
    expect(simulator.isAlive(newer.json.access_token)).toBe(true);
    expect(simulator.isAlive(json.access_token)).toBe(false);
  });

  it('with Prefer: wait and nothing new, answers 304 after the wait', async () => {
    const { json } = await token();
    const startedAt = Date.now();
    const answer = await token({ 'if-none-match': `"${json.version}"`, prefer: 'wait=1' });
    expect(answer.status).toBe(304);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(990);
  });
});
