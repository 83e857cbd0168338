import { composeKey } from '../../src/core/access/key.js';
import { bearer, sha256, testKey, type Answer } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

/** The contract's table of errors (section 3), row by row over real HTTP; 429 and 503 have files of their own. */

const KEY = testKey('reader');
const EXPIRED = testKey('expired');
const ELSEWHERE = testKey('elsewhere');
const ADMIN = testKey('admin');
const REPORTER = testKey('reporter');
const OPERATOR = testKey('operator');
const APPS = ['wx-shop', 'wx-other'].map((appid) => ({ appid, secret: `simulated-secret-of-${appid}` }));

let virtual: VirtualHub;

beforeAll(async () => {
  virtual = await VirtualHub.start({
    apps: APPS,
    clients: [
      { id: 'reader', key: KEY, apps: ['wx-shop'], may: ['read'] },
      {
        id: 'rotating',
        keys: [{ id: 'old', sha256: sha256(EXPIRED), expiresAt: '2025-12-31T23:59:59Z' }],
        apps: ['wx-shop'],
      },
      { id: 'elsewhere', key: ELSEWHERE, allowIps: ['192.0.2.0/24'], apps: ['wx-shop'] },
      { id: 'admin', key: ADMIN, apps: ['wx-shop'], may: ['admin'] },
      { id: 'reporter', key: REPORTER, apps: ['wx-shop'], may: ['report'] },
      { id: 'operator', key: OPERATOR, apps: ['wx-other'], may: ['admin'] },
    ],
  });
});

afterAll(() => virtual.stop());

const TOKEN = '/v1/apps/wx-shop/token';
const get = (path: string, headers?: Record<string, string>) => virtual.hub.get(path, headers);

const STATUS = {
  HUB_BAD_REQUEST: 400,
  HUB_UNAUTHENTICATED: 401,
  HUB_IP_NOT_ALLOWED: 403,
  HUB_NOT_GRANTED: 403,
  HUB_NOT_FOUND: 404,
  HUB_TOO_LARGE: 413,
};

/** Every error has this form, whatever it is about. */
function expectProblem(answer: Answer, code: keyof typeof STATUS): void {
  const { status, headers, json } = answer;
  expect({ status, code: json?.code }).toEqual({ status: STATUS[code], code });
  expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(headers.get('cache-control')).toBe('no-store');
  expect(Object.keys(json)).toEqual(['type', 'title', 'status', 'detail', 'code', 'requestId']);
  expect(json.status).toBe(status);
  expect(json.requestId).toBe(headers.get('x-request-id'));
  expect(() => new URL(json.type)).not.toThrow();
  for (const text of [json.title, json.detail]) expect(text).toMatch(/^\S.{5,200}$/);
}

describe('401 HUB_UNAUTHENTICATED', () => {
  it.each<[string, Record<string, string>]>([
    ['no key', {}],
    ['a key that nobody has', bearer(testKey('nobody'))],
    ['an expired key', bearer(EXPIRED)],
    ['a key in Basic', { authorization: `Basic ${Buffer.from(`reader:${KEY}`).toString('base64')}` }],
    ['a bare key', { authorization: KEY }],
    ['an empty header', { authorization: '' }],
    ['Bearer and nothing', { authorization: 'Bearer' }],
    ['two keys', { authorization: `Bearer ${KEY} ${KEY}` }],
    ['a key with a character that no key has', { authorization: `Bearer ${KEY.slice(0, 39)}!` }],
    ['a key that is too short', bearer('short')],
    ['a key that is too long', bearer('x'.repeat(129))],
    ['a wxh_ key with a wrong checksum', bearer(`${composeKey('a'.repeat(40)).slice(0, 49)}0`)],
    ['a wxh_ key with the right checksum that nobody has', bearer(composeKey('b'.repeat(40)))],
    ['the key in the query', { 'x-api-key': KEY }],
  ])('for %s', async (_what, headers) => {
    const answer = await get(TOKEN, headers);
    expectProblem(answer, 'HUB_UNAUTHENTICATED');
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer\b/);
  });

  it('also where path or app do not exist: without a key nobody learns what there is', async () => {
    const known = await get(TOKEN);
    const unknown = await get('/v1/apps/wx-nowhere/token');
    expect({ ...unknown.json, requestId: '' }).toEqual({ ...known.json, requestId: '' });
  });

  it('for the admin acts', async () => {
    for (const path of ['/admin/apps', '/admin/apps/wx-shop'])
      expectProblem(await get(path), 'HUB_UNAUTHENTICATED');
    for (const path of ['/admin/reload', '/admin/apps/wx-shop/refresh'])
      expectProblem(await virtual.hub.post(path, {}), 'HUB_UNAUTHENTICATED');
  });
});

describe('403 HUB_IP_NOT_ALLOWED', () => {
  it('names the address that the hub sees', async () => {
    const answer = await get(TOKEN, bearer(ELSEWHERE));
    expectProblem(answer, 'HUB_IP_NOT_ALLOWED');
    expect(answer.json.detail).toContain('127.0.0.1');
  });

  it('whatever headers claim another one', async () => {
    const claims = ['x-forwarded-for', 'x-real-ip', 'x-client-ip', 'cf-connecting-ip', 'true-client-ip'];
    for (const name of claims) {
      const answer = await get(TOKEN, { ...bearer(ELSEWHERE), [name]: '192.0.2.1' });
      expectProblem(answer, 'HUB_IP_NOT_ALLOWED');
    }
    const forwarded = await get(TOKEN, { ...bearer(ELSEWHERE), forwarded: 'for=192.0.2.1' });
    expectProblem(forwarded, 'HUB_IP_NOT_ALLOWED');
  });
});

it('a hub key in X-Request-Id is taken over into no answer and no log line', async () => {
  for (const id of [KEY, `order:${KEY}`]) {
    const { status, headers } = await get(TOKEN, { ...bearer(KEY), 'x-request-id': id });
    expect([status, headers.get('x-request-id')]).toEqual([200, expect.not.stringContaining(KEY)]);
  }
  const { headers } = await get(TOKEN, { ...bearer(KEY), 'x-request-id': 'a'.repeat(40) });
  expect(headers.get('x-request-id')).toBe('a'.repeat(40));
});

describe('403 HUB_NOT_GRANTED', () => {
  /** All that a caller can compare: status, headers, bytes; the request ids are the caller's own here. */
  const comparable = ({ status, headers, text }: Answer) => ({
    status,
    headers: [...headers].filter(([name]) => name !== 'date'),
    text,
  });
  const ids = { 'x-request-id': 'same' };

  it('for an app that is not granted and for one that there is not, byte for byte alike', async () => {
    const reader = { ...bearer(KEY), ...ids };
    const notGranted = await get('/v1/apps/wx-other/token', reader);
    expectProblem(notGranted, 'HUB_NOT_GRANTED');
    const strange = [
      'wx-nowhere',
      'x',
      'wx-shop%20',
      'wx%2Dshop2',
      '*',
      '%E2%82%AC',
      'constructor',
      '__proto__',
    ];
    for (const appid of strange) {
      const unknown = await get(`/v1/apps/${appid}/token`, reader);
      expect(comparable(unknown)).toEqual(comparable(notGranted));
    }
  });

  it('for an act that is not in may, like an app that is not granted', async () => {
    const admin = await get('/admin/apps/wx-shop', { ...bearer(KEY), ...ids });
    expectProblem(admin, 'HUB_NOT_GRANTED');
    const unknown = await get('/admin/apps/wx-nowhere', { ...bearer(KEY), ...ids });
    expect(comparable(unknown)).toEqual(comparable(admin));
    expectProblem(await get('/admin/apps', bearer(KEY)), 'HUB_NOT_GRANTED');
    expectProblem(await virtual.hub.post('/admin/reload', undefined, bearer(KEY)), 'HUB_NOT_GRANTED');
    expectProblem(await get(TOKEN, bearer(ADMIN)), 'HUB_NOT_GRANTED');
  });

  it('for the admin of one app, another app', async () => {
    const admin = { ...bearer(ADMIN), ...ids };
    const other = await get('/admin/apps/wx-other', admin);
    expectProblem(other, 'HUB_NOT_GRANTED');
    expect(comparable(await get('/admin/apps/wx-nowhere', admin))).toEqual(comparable(other));
    const refresh = await virtual.hub.post('/admin/apps/wx-other/refresh', {}, admin);
    expect(comparable(refresh)).toEqual(comparable(other));
  });
});

describe('404 HUB_NOT_FOUND', () => {
  it.each([
    '/',
    '/v1',
    '/v1/apps',
    '/v1/apps/wx-shop',
    '/v1/apps/wx-shop/tokens',
    '/v1/apps/wx-shop/token/',
    '/V1/apps/wx-shop/token',
    '/v1//apps/wx-shop/token',
    '/v1/apps/wx-shop/token/../../../../etc/passwd/x',
    '/admin',
    '/openapi.json',
    '/metrics',
    '/.env',
  ])('for the path %s', async (path) => {
    expectProblem(await get(path, bearer(KEY)), 'HUB_NOT_FOUND');
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('for the method %s of the token', async (method) => {
    expectProblem(await virtual.hub.request(TOKEN, { method, headers: bearer(KEY) }), 'HUB_NOT_FOUND');
  });

  it('an empty appid is no app, or no path', async () => {
    expect([403, 404]).toContain((await get('/v1/apps//token', bearer(KEY))).status);
  });

  it('without a key as well: that a path is none is no secret', async () => {
    expectProblem(await get('/nowhere'), 'HUB_NOT_FOUND');
  });
});

describe('400 HUB_BAD_REQUEST', () => {
  const refresh = (body: unknown, headers = {}) =>
    virtual.hub.post('/admin/apps/wx-shop/refresh', body, { ...bearer(ADMIN), ...headers });

  it.each<[string, unknown]>([
    ['a body that is not JSON', '{"force":'],
    ['a list', []],
    ['a text', '"force"'],
    ['a number', '1'],
    ['a field of the wrong type', { force: 'true' }],
    ['null for a boolean', { force: null }],
    ['an unknown field', { forced: true }],
    ['a known and an unknown field', { force: true, other: 1 }],
    ['a prototype in JSON', '{"__proto__":{"force":true}}'],
  ])('for %s', async (_what, body) => {
    expectProblem(await refresh(body), 'HUB_BAD_REQUEST');
  });

  it('for another content type', async () => {
    expectProblem(
      await refresh('force=true', { 'content-type': 'application/x-www-form-urlencoded' }),
      'HUB_BAD_REQUEST',
    );
    expectProblem(await refresh('<force/>', { 'content-type': 'application/xml' }), 'HUB_BAD_REQUEST');
    expectProblem(await refresh('{}', { 'content-type': 'nonsense' }), 'HUB_BAD_REQUEST');
  });

  it('for a report as a form: the body is JSON', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const report = (body: string, headers = {}) =>
      virtual.hub.post(`${TOKEN}/reject`, body, { ...bearer(REPORTER), ...headers });
    expectProblem(await report('access_token=simulated-dead', form), 'HUB_BAD_REQUEST');
    expect((await report('{"access_token":"simulated-dead"}')).status).toBe(200);
  });

  it('but a body of no bytes is none, whatever its announced type', async () => {
    for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/plain']) {
      const answer = await virtual.hub.raw(
        'POST /admin/apps/wx-other/refresh HTTP/1.1\r\nHost: hub\r\nContent-Length: 0\r\n' +
          `Content-Type: ${type}\r\nAuthorization: Bearer ${OPERATOR}\r\n\r\n`,
      );
      // Accepted, and from the second one on too early.
      expect([200, 429]).toContain(answer.status);
    }
  });

  it('does not repeat what was sent', async () => {
    const answer = await refresh('{"force": "<script>alert(1)</script>"');
    expectProblem(answer, 'HUB_BAD_REQUEST');
    expect(answer.text).not.toContain('script');
  });

  it('and nothing was asked of WeChat for any of these', () => {
    expect(virtual.simulator.calls({ appid: 'wx-shop' })).toBe(1);
  });
});

describe('413 HUB_TOO_LARGE', () => {
  const body = (bytes: number) => `{"force":false}`.padEnd(bytes);
  const refresh = (bytes: number) =>
    virtual.hub.post('/admin/apps/wx-shop/refresh', body(bytes), bearer(ADMIN));

  it('for a body above 16 KiB, not for one of 16 KiB', async () => {
    expect((await refresh(16 * 1024)).status).not.toBe(413);
    expectProblem(await refresh(16 * 1024 + 1), 'HUB_TOO_LARGE');
  });

  it('for one that is sent in chunks and says no length', async () => {
    const chunks = ['8000\r\n', ' '.repeat(0x8000), '\r\n0\r\n\r\n'];
    const answer = await virtual.hub.raw(
      'POST /admin/apps/wx-shop/refresh HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\n' +
        `Authorization: Bearer ${ADMIN}\r\nTransfer-Encoding: chunked\r\n\r\n${chunks.join('')}`,
    );
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'HUB_TOO_LARGE' });
  });

  it('but who has no key is not told about sizes', async () => {
    const answer = await virtual.hub.post('/admin/apps/wx-shop/refresh', body(20_000));
    expect([401, 413]).toContain(answer.status);
  });
});
