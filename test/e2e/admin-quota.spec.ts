import { bearer, testKey } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

const ADMIN = testKey('admin');
const APP = { appid: 'wx-shop', secret: 'simulated-secret-of-the-shop' };
const PATH = '/cgi-bin/message/custom/send';

describe('what an administrator asks of quotas', () => {
  let hub: VirtualHub;
  beforeEach(async () => {
    hub = await VirtualHub.start({
      apps: [APP],
      clients: [{ id: 'ops', key: ADMIN, apps: '*', may: ['admin', 'gateway'] }],
    });
  });
  afterEach(() => hub.stop());

  const get = (path: string) => hub.hub.get(`/admin/apps/${APP.appid}/${path}`, bearer(ADMIN));
  const clear = () => hub.hub.post(`/admin/apps/${APP.appid}/quota/clear`, undefined, bearer(ADMIN));

  it('the quota of a path, as WeChat says it', async () => {
    await hub.hub.post(`/v1/apps/${APP.appid}/wechat${PATH}`, {}, bearer(ADMIN));
    const { status, json } = await get(`quota?path=${PATH}`);
    expect(status).toBe(200);
    expect(json).toMatchObject({ quota: { used: 1, remain: 9_999_999 } });
    expect(json).not.toHaveProperty('errcode');
  });

  it.each(['quota', 'quota?path=', `quota?path=${PATH}/`, 'quota?path=menu', 'rid/x'])(
    '400: %s',
    async (path) => {
      expect(await get(path)).toMatchObject({ status: 400, json: { code: 'HUB_BAD_REQUEST' } });
      expect(hub.simulator.calls({ endpoint: 'quota_get' })).toBe(0);
    },
  );

  it('clears ten times a month, then is refused before WeChat would, until the month ends', async () => {
    for (let left = 9; left >= 0; left -= 1) {
      expect(await clear()).toMatchObject({ status: 200, json: { left } });
    }
    const refused = await clear();
    expect(refused).toMatchObject({ status: 429, json: { code: 'HUB_RATE_LIMITED', left: 0 } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(hub.simulator.calls({ endpoint: 'quota_clear' })).toBe(10);
  });

  it('WeChat’s own count is told alike: somebody else may have cleared', async () => {
    hub.simulator.fault({ kind: 'errcode', endpoint: 'quota_clear', errcode: 48006 });
    expect(await clear()).toMatchObject({ status: 429, json: { left: 0 } });
  });

  it('a refused call, without tokens and secrets', async () => {
    const refused = await get('quota?path=/sns/auth');
    expect(refused).toMatchObject({ status: 502, json: { wechat: { errcode: 76022 } } });
    const rid = /rid: (\S+)/.exec(refused.json.detail as string)?.[1] ?? '';
    const { status, json } = await get(`rid/${rid}`);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      request_url: 'access_token=[redacted]',
      request_body: '{"cgi_path":"/sns/auth"}',
      response_body: expect.stringContaining('76022'),
    });
    expect(await get('rid/00000000-00000000-00000000')).toMatchObject({
      status: 502,
      json: { wechat: { errcode: 76003 } },
    });
  });

  it('so many questions are under way at a time that nobody’s take up the way to WeChat', async () => {
    const hanging = hub.simulator.fault({ kind: 'hang', endpoint: 'quota_get', times: Infinity });
    const asked = Array.from({ length: 30 }, () => get(`quota?path=${PATH}`));
    const statuses = await Promise.race([Promise.all(asked.slice(10)), Promise.all(asked)]);
    expect(statuses.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 429));
    expect(hub.simulator.calls({ endpoint: 'quota_get' })).toBe(10);
    hanging.clear();
    hanging.release();
    expect((await Promise.all(asked)).filter(({ status }) => status === 200)).toHaveLength(10);
    expect(await get(`quota?path=${PATH}`)).toMatchObject({ status: 200 });
  });

  it('is in the audit log', async () => {
    await get(`quota?path=${PATH}`);
    await clear();
    const acts = hub.hub.log
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ log }) => log === 'audit')
      .map(({ act, outcome, client }) => [act, outcome, client]);
    expect(acts).toEqual(
      expect.arrayContaining([
        ['app.quota', 'ok', 'ops'],
        ['app.clear_quota', 'ok', 'ops'],
      ]),
    );
  });
});
