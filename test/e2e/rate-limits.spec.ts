import { bearer, testKey, type Answer } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

const SLOW = testKey('slow');
const FAST = testKey('fast');
const TOKEN = '/v1/apps/wx-limits/token';

describe('429 HUB_RATE_LIMITED', () => {
  let virtual: VirtualHub;

  beforeEach(async () => {
    virtual = await VirtualHub.start({
      apps: [{ appid: 'wx-limits', secret: 'simulated-secret-of-wx-limits' }],
      clients: [
        { id: 'slow', key: SLOW, apps: '*', requestsPerMinute: 5 },
        { id: 'fast', key: FAST, apps: '*' },
        { id: 'by-address', allowIps: ['127.0.0.0/8'], apps: '*', requestsPerMinute: 3 },
      ],
    });
  });

  afterEach(() => virtual.stop());

  const times = async (count: number, request: () => Promise<Answer>): Promise<number[]> => {
    const statuses: number[] = [];
    for (let i = 0; i < count; i++) statuses.push((await request()).status);
    return statuses;
  };
  const slow = () => virtual.hub.get(TOKEN, bearer(SLOW));
  const wrong = () => virtual.hub.get(TOKEN, bearer(testKey('wrong')));

  function expectLimited({ status, headers, json }: Answer, seconds: number): void {
    expect({ status, code: json.code }).toEqual({ status: 429, code: 'HUB_RATE_LIMITED' });
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(headers.get('retry-after')).toBe(String(seconds));
    expect(headers.get('cache-control')).toBe('no-store');
  }

  it('after requestsPerMinute, until Retry-After is over', async () => {
    expect(await times(5, slow)).toEqual([200, 200, 200, 200, 200]);
    const limited = await slow();
    const seconds = Number(limited.headers.get('retry-after'));
    expectLimited(limited, seconds);
    expect(seconds).toBeGreaterThan(60);
    expect(seconds).toBeLessThanOrEqual(73);
    await virtual.pass(seconds * 1000 - 1001);
    expect((await slow()).status).toBe(429);
    await virtual.pass(1001);
    expect((await slow()).status).toBe(200);
  });

  it('for the one client alone', async () => {
    await times(6, slow);
    expect((await virtual.hub.get(TOKEN, bearer(FAST))).status).toBe(200);
  });

  it('counts what was refused for lack of a grant: guessing appids costs as much as using them', async () => {
    const guess = () => virtual.hub.get('/v1/apps/wx-guess/token', bearer(SLOW));
    expect(await times(6, guess)).toEqual([403, 403, 403, 403, 403, 429]);
  });

  it('counts 304 like 200', async () => {
    const same = () => virtual.hub.get(TOKEN, { ...bearer(SLOW), 'if-none-match': '*' });
    expect(await times(6, same)).toEqual([304, 304, 304, 304, 304, 429]);
  });

  it('is not got around by a reload', async () => {
    await times(5, slow);
    const { AppsConfig } = await import('../../src/config/reload/apps-config.service.js');
    expect((await virtual.hub.app.get(AppsConfig).reload('admin')).ok).toBe(true);
    expect((await slow()).status).toBe(429);
  });

  // Elsewhere the loopback interface has one address.
  const onLinux = process.platform === 'linux' ? it : it.skip;

  onLinux('is counted per address: another one of the same client has its own', async () => {
    await times(6, slow);
    const other = await virtual.hub.raw(
      `GET ${TOKEN} HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer ${SLOW}\r\n\r\n`,
      { localAddress: '127.0.0.2' },
    );
    expect(other.status).toBe(200);
  });

  it('holds for a client that is known by its address', async () => {
    expect(await times(4, () => virtual.hub.get(TOKEN))).toEqual([200, 200, 200, 429]);
  });

  it('after 20 failed credentials in a minute from one address; a valid key still passes', async () => {
    expect(new Set(await times(20, wrong))).toEqual(new Set([401]));
    const limited = await wrong();
    expectLimited(limited, Number(limited.headers.get('retry-after')));
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThanOrEqual(60);
    expect((await virtual.hub.get(TOKEN, bearer(FAST))).status).toBe(200);
    await virtual.pass(Number(limited.headers.get('retry-after')) * 1000);
    expect((await wrong()).status).toBe(401);
  });

  it('failed credentials are counted whatever is asked for, and by whatever key', async () => {
    for (let i = 0; i < 20; i++) {
      const { status } = await virtual.hub.get(`/v1/apps/wx-${i}/token`, bearer(testKey(`guess-${i}`)));
      expect(status).toBe(401);
    }
    expect((await virtual.hub.get('/admin/apps', bearer(testKey('guess-x')))).status).toBe(429);
  });

  it('who presents nothing has guessed nothing: 20 answers without a key take no tries away', async () => {
    await times(30, () => virtual.hub.get('/admin/reload'));
    expect((await wrong()).status).toBe(401);
  });
});
