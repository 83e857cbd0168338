import { parseMetrics, type Family } from '../support/prometheus.js';
import { seededRandom } from '../support/seeded-random.js';
import { until } from '../support/redis-server.js';
import { bearer, sha256, testKey } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

const KEY = testKey('metrics');
const ELSEWHERE = testKey('elsewhere');
const APPS = [
  { appid: 'wx-stable', secret: 'simulated-secret-of-wx-stable' },
  { appid: 'wx-token', secret: 'simulated-secret-of-wx-token', tokenApi: 'token' },
  { appid: 'wx-bad', secret: 'simulated-secret-of-wx-bad' },
];

let virtual: VirtualHub;

beforeEach(async () => {
  virtual = await VirtualHub.start({
    apps: APPS,
    clients: [
      { id: 'metrics', key: KEY, apps: '*', may: ['read', 'report', 'admin'] },
      { id: 'elsewhere', key: ELSEWHERE, allowIps: ['192.0.2.1'], apps: '*' },
    ],
    faults: [{ kind: 'errcode', errcode: 40164, appid: 'wx-bad', times: Infinity }],
  });
});

afterEach(() => virtual.stop());

async function scrape(): Promise<Family[]> {
  const { status, headers, text } = await virtual.hub.get(`${virtual.hub.opsUrl}/metrics`);
  expect(status).toBe(200);
  expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  return parseMetrics(text);
}

/** The value of the series with at least these labels; `undefined`: there is none. */
async function value(name: string, labels: Record<string, string> = {}): Promise<number | undefined> {
  const samples = (await scrape()).flatMap((family) => family.samples);
  const found = samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([label, text]) => sample.labels[label] === text),
  );
  return found.length === 0 ? undefined : found.reduce((sum, sample) => sum + sample.value, 0);
}

const read = (appid: string, key = KEY) => virtual.hub.get(`/v1/apps/${appid}/token`, bearer(key));

describe('/metrics', () => {
  it('is the text format, to the letter, with names that begin with wxhub_', async () => {
    await read('wx-stable');
    const families = await scrape();
    expect(families.length).toBeGreaterThan(20);
    expect(families.filter(({ name }) => !name.startsWith('wxhub_'))).toEqual([]);
  });

  it('says of each token whether it lives, how long, how old, which, and when it is renewed', async () => {
    await virtual.pass(100_000);
    const of = (appid: string) => ({ appid });
    for (const appid of ['wx-stable', 'wx-token']) {
      expect(await value('wxhub_token_valid', of(appid))).toBe(1);
      expect(await value('wxhub_token_expires_in_seconds', of(appid))).toBe(7100);
      expect(await value('wxhub_token_age_seconds', of(appid))).toBe(100);
      expect(await value('wxhub_token_version', of(appid))).toBe((await read(appid)).json.version);
      expect(await value('wxhub_refresh_failures_in_a_row', of(appid))).toBe(0);
    }
    expect(await value('wxhub_next_refresh_in_seconds', of('wx-token'))).toBeGreaterThanOrEqual(6800);
    expect(await value('wxhub_token_valid', of('wx-bad'))).toBe(0);
    expect(await value('wxhub_token_expires_in_seconds', of('wx-bad'))).toBe(0);
    expect(await value('wxhub_token_version', of('wx-bad'))).toBeUndefined();
    expect(await value('wxhub_refresh_failures_in_a_row', of('wx-bad'))).toBe(2);
    expect(await value('wxhub_apps')).toBe(3);
  });

  it('counts attempts by app, result and errcode, and how long they took', async () => {
    const issued = { appid: 'wx-stable', result: 'issued' };
    expect(await value('wxhub_refreshes_total', issued)).toBe(1);
    await virtual.pass(1000_000);
    const calls = virtual.simulator.calls({ appid: 'wx-stable' });
    expect(await value('wxhub_refreshes_total', { appid: 'wx-stable', result: 'confirmed' })).toBe(calls - 1);
    const refused = virtual.simulator.calls({ appid: 'wx-bad' });
    expect(await value('wxhub_refreshes_total', { appid: 'wx-bad', reason: '40164' })).toBe(refused);
    expect(await value('wxhub_refresh_duration_seconds_count')).toBe(virtual.simulator.calls());
    virtual.simulator.fault({ kind: 'html', appid: 'wx-token' });
    await virtual.hub.post('/admin/apps/wx-token/refresh', {}, bearer(KEY));
    expect(await value('wxhub_refreshes_total', { appid: 'wx-token', reason: 'not_json' })).toBe(1);
  });

  it('counts requests by route and status, and how long they took', async () => {
    for (let i = 0; i < 3; i++) await read('wx-stable');
    await read('wx-bad');
    await virtual.hub.get('/nowhere');
    const route = '/v1/apps/:appid/token';
    expect(await value('wxhub_http_requests_total', { route, status: '200' })).toBe(3);
    expect(await value('wxhub_http_requests_total', { route, status: '503' })).toBe(1);
    expect(await value('wxhub_http_request_duration_seconds_count', { route })).toBe(4);
    expect(await value('wxhub_http_requests_total', { status: '404' })).toBe(1);
  });

  it('counts denials by reason', async () => {
    await virtual.hub.get('/v1/apps/wx-stable/token');
    await read('wx-stable', testKey('wrong'));
    await read('wx-stable', 'short');
    await read('wx-stable', ELSEWHERE);
    await read('wx-nowhere');
    await virtual.hub.get('/v1/apps/wx-nowhere/token', bearer(KEY));
    const reasons = { no_key: 1, unknown_key: 1, malformed_key: 1, address: 1, app_not_granted: 2 };
    for (const [reason, count] of Object.entries(reasons)) {
      expect([reason, await value('wxhub_denials_total', { reason })]).toEqual([reason, count]);
    }
  });

  it('counts reloads, and says how and when the last one went', async () => {
    expect(await value('wxhub_config_last_reload_successful')).toBeUndefined();
    await virtual.hub.post('/admin/reload', undefined, bearer(KEY));
    expect(await value('wxhub_config_last_reload_successful')).toBe(1);
    expect(await value('wxhub_config_last_reload_timestamp_seconds')).toBe(virtual.clock.now() / 1000);
    virtual.hub.writeApps([{ ...APPS[0]!, tokenApi: 'no' }]);
    await virtual.hub.post('/admin/reload', undefined, bearer(KEY));
    expect(await value('wxhub_config_last_reload_successful')).toBe(0);
    expect(await value('wxhub_config_reloads_total', { trigger: 'admin', result: 'ok' })).toBe(1);
    expect(await value('wxhub_config_reloads_total', { trigger: 'admin', result: 'refused' })).toBe(1);
  });

  it('names what is wrong with an app for as long as it is wrong', async () => {
    const failing = { appid: 'wx-bad', kind: 'stable_token', class: 'configuration', reason: '40164' };
    expect(await value('wxhub_refresh_failing', failing)).toBe(1);
    expect(await value('wxhub_refresh_failing')).toBe(1);
    expect(await value('wxhub_last_refresh_timestamp_seconds', { appid: 'wx-bad' })).toBeUndefined();
    virtual.simulator.clearFaults();
    await virtual.hub.post('/admin/apps/wx-bad/refresh', {}, bearer(KEY));
    expect(await value('wxhub_refresh_failing')).toBeUndefined();
    const now = virtual.clock.wallNow() / 1000;
    expect(await value('wxhub_last_refresh_timestamp_seconds', { appid: 'wx-bad' })).toBe(now);
  });

  it('tells tokens that somebody else has killed from those that went their way', async () => {
    const unexpected = (appid: string) => value('wxhub_unexpected_rotations_total', { appid });
    const appids = ['wx-stable', 'wx-token'];
    // Two lives, and every planned rotation in them.
    await virtual.pass(15_000_000);
    expect(await value('wxhub_new_credentials_total', { kind: 'token', source: 'wechat' })).toBe(3);
    expect(await Promise.all(appids.map(unexpected))).toEqual([0, 0]);
    // An admin's doing.
    const forced = await virtual.hub.post('/admin/apps/wx-stable/refresh', { force: true }, bearer(KEY));
    expect(forced.status).toBe(200);
    await virtual.pass(400_000);
    expect(await value('wxhub_forced_refreshes_total', { result: 'issued' })).toBe(1);
    expect(await Promise.all(appids.map(unexpected))).toEqual([0, 0]);
    // A rival's.
    virtual.simulator.killToken('wx-stable', 'stable_token');
    virtual.simulator.killToken('wx-token', 'token');
    await virtual.pass(400_000);
    expect(await Promise.all(appids.map(unexpected))).toEqual([1, 0]);
    const { access_token } = (await read('wx-token')).json;
    await virtual.hub.post('/v1/apps/wx-token/token/reject', { access_token }, bearer(KEY));
    await virtual.hub.post('/v1/apps/wx-token/token/reject', { access_token }, bearer(KEY));
    expect(await Promise.all(appids.map(unexpected))).toEqual([1, 1]);
  });

  it('counts who waits for a newer token, until the last one has it or is gone', async () => {
    const etag = (await read('wx-stable')).headers.get('etag')!;
    const wait = (signal: AbortSignal | null = null) =>
      virtual.hub.request('/v1/apps/wx-stable/token', {
        headers: { ...bearer(KEY), 'if-none-match': etag, prefer: 'wait=50' },
        signal,
      });
    const impatient = new AbortController();
    const polls = [wait(), wait(impatient.signal).catch(() => undefined)];
    await until(async () => (await value('wxhub_long_polls')) === 2);
    impatient.abort();
    await until(async () => (await value('wxhub_long_polls')) === 1);
    await virtual.pass(50_000);
    await Promise.all(polls);
    expect(await value('wxhub_long_polls')).toBe(0);
  });

  it('says when each client key ends, and which never does', async () => {
    const keys = [
      { id: 'old', sha256: sha256('old'), expiresAt: '2031-05-06T07:08:09Z' },
      { id: 'new', sha256: sha256('new') },
    ];
    const admin = { id: 'metrics', key: KEY, apps: '*', may: ['read', 'admin'] };
    virtual.hub.writeApps(APPS, [admin, { id: 'rotating', keys, apps: '*' }]);
    await virtual.hub.post('/admin/reload', undefined, bearer(KEY));
    const endOf = (client: string, key: string) =>
      value('wxhub_client_key_expiry_timestamp_seconds', { client, key });
    expect(await endOf('rotating', 'old')).toBe(Date.parse('2031-05-06T07:08:09Z') / 1000);
    expect(await endOf('rotating', 'new')).toBe(Infinity);
    expect(await value('wxhub_clients')).toBe(2);
    // Of what was removed nothing is left.
    expect(await endOf('elsewhere', 'first')).toBeUndefined();
  });

  it('says which client was denied, where that is known', async () => {
    await read('wx-stable', ELSEWHERE);
    await read('wx-stable', testKey('wrong'));
    expect(await value('wxhub_denials_total', { reason: 'address', client: 'elsewhere' })).toBe(1);
    expect(await value('wxhub_denials_total', { reason: 'unknown_key', client: '' })).toBe(1);
  });

  it('counts what the drop-in could not give, which no status tells', async () => {
    const query = `grant_type=client_credential&appid=wx-bad&secret=${KEY}`;
    expect((await virtual.hub.get(`/cgi-bin/token?${query}`)).json.errcode).toBe(-1);
    expect(await value('wxhub_dropin_unavailable_total', { what: 'token' })).toBe(1);
    expect(await value('wxhub_http_requests_total', { route: '/cgi-bin/token', status: '200' })).toBe(1);
  });

  it('says which build runs', async () => {
    expect(await value('wxhub_build_info', { node: process.version })).toBe(1);
  });

  it('has nothing of an app that was removed but what was counted', async () => {
    virtual.hub.writeApps(APPS.slice(1));
    await virtual.hub.post('/admin/reload', undefined, bearer(KEY));
    expect(await value('wxhub_token_valid', { appid: 'wx-stable' })).toBeUndefined();
    expect(await value('wxhub_apps')).toBe(2);
  });

  it('has no label that a caller chooses: the series are the same after a storm of nonsense', async () => {
    const random = seededRandom(7);
    const word = () => `nonsense${Math.floor(random() * 1e12).toString(36)}`;
    const storm = async (requests: number) => {
      for (let i = 0; i < requests; i++) {
        const key = [KEY, testKey(word()), ELSEWHERE][i % 3]!;
        const path = [
          `/v1/apps/${word()}/token`,
          `/${word()}/${word()}`,
          `/admin/apps/${word()}`,
          `/v1/apps/wx-stable/token?${word()}=${word()}`,
          `/cgi-bin/${word()}?access_token=${word()}`,
          `/v1/apps/wx-stable/wechat/${word()}`,
        ][i % 6]!;
        const headers = {
          ...bearer(key),
          'x-request-id': word(),
          'user-agent': word(),
          'x-forwarded-for': word(),
        };
        await virtual.hub.request(path, { method: ['GET', 'POST', 'DELETE'][i % 3]!, headers });
        await virtual.pass(10_000);
      }
    };
    const seriesOf = (families: Family[]) =>
      families
        .flatMap(({ samples }) => samples)
        .map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`)
        .filter((series) => !series.includes('"space"') && !series.includes('"kind"'))
        .sort();
    await storm(36);
    const before = seriesOf(await scrape());
    await storm(36);
    const after = seriesOf(await scrape());
    expect(after.filter((series) => series.includes('nonsense'))).toEqual([]);
    expect(after.filter((series) => !before.includes(series))).toEqual([]);
  });
});
