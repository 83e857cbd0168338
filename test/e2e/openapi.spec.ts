import { readFileSync, writeFileSync } from 'node:fs';
import { HUB_ERRORS } from '../../src/core/hub-error.js';
import { OpenApiCheck, type OpenApi } from '../support/openapi.js';
import { bearer, testKey, type Answer } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

/** /openapi.json says what the hub does: every route, every answer, every property. */

const KEY = testKey('all');
const ELSEWHERE = testKey('elsewhere');
const SLOW = testKey('slow');
const APPS = [
  { appid: 'wx-a', secret: 'simulated-secret-of-wx-a', name: 'A' },
  { appid: 'wx-b', secret: 'simulated-secret-of-wx-b', tokenApi: 'token' },
  { appid: 'wx-bad', secret: 'simulated-secret-of-wx-bad' },
];
const CLIENTS = [
  { id: 'all', key: KEY, apps: '*', may: ['read', 'report', 'login', 'admin'] },
  { id: 'elsewhere', key: ELSEWHERE, allowIps: ['192.0.2.1'], apps: '*' },
  { id: 'slow', key: SLOW, apps: '*', requestsPerMinute: 1, may: ['read', 'report', 'login', 'admin'] },
];

const COMMITTED = new URL('../../docs/openapi.json', import.meta.url);

/** Operations with errors of the hub's own shape: not WeChat's endpoints, and not what is passed on. Those of
 * platforms, which need Redis, are test/e2e/platforms.spec.ts. */
const isOwn = (name: string) =>
  / \/(v1|admin)\//.test(name) && !name.includes('/wechat/') && !/\/platforms(\/|$)/.test(name);

let virtual: VirtualHub;
let check: OpenApiCheck;

beforeAll(async () => {
  virtual = await VirtualHub.start({
    apps: APPS,
    clients: CLIENTS,
    faults: [{ kind: 'errcode', errcode: 40164, appid: 'wx-bad', times: Infinity }],
  });
  check = new OpenApiCheck((await virtual.hub.get(`${virtual.hub.opsUrl}/openapi.json`)).json as OpenApi);
});

afterAll(() => virtual.stop());

describe('the document', () => {
  it('is OpenAPI 3.1 with a title and the hub’s version', () => {
    const { openapi, info } = check.document;
    expect(openapi).toMatch(/^3\.1\.\d+$/);
    expect(info.title).toBe('wechat-token-hub');
    expect(info.version).toMatch(/^\d+\.\d+\.\d+/);
  });

  it('has operations with ids of their own, parameters for each part of the path, words for each answer', () => {
    const ids: (string | undefined)[] = [];
    for (const [name, { operationId, parameters = [], responses }] of check.operations()) {
      ids.push(operationId);
      const inPath = [...name.matchAll(/\{(\w+)\}/g)].map(([, part]) => part);
      const declared = parameters.filter(
        (parameter) => parameter.in === 'path' && parameter.required === true,
      );
      expect([name, declared.map((parameter) => parameter.name).sort()]).toEqual([name, inPath.sort()]);
      for (const [status, { description = '' }] of Object.entries(responses)) {
        expect([name, status, description]).toEqual([name, status, expect.stringMatching(/\S/)]);
      }
    }
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).not.toContain(undefined);
  });

  it('has schemas that are schemas, with references that lead somewhere', () => {
    for (const { requestBody, responses } of check.operations().values()) {
      const contents = [requestBody?.content, ...Object.values(responses).map(({ content }) => content)];
      for (const { schema } of contents.flatMap((content) => Object.values(content ?? {}))) {
        expect(() => check.compile(schema)).not.toThrow();
      }
    }
  });

  it('has every route of the server, and no other', () => {
    const served = virtual.hub.routes
      .filter(({ method }) => method !== 'HEAD')
      .map(
        ({ method, url }) =>
          `${method.toLowerCase()} ${url.replace(/:(\w+)/g, '{$1}').replace(/\*$/, '{path}')}`,
      );
    expect([...check.operations().keys()].sort()).toEqual(served.sort());
  });

  it('is the one in docs', () => {
    // UPDATE_OPENAPI=1 npm test -- test/e2e/openapi.spec.ts writes it anew; prettier gives it its form.
    if (process.env.UPDATE_OPENAPI === '1')
      writeFileSync(COMMITTED, JSON.stringify(check.document, undefined, 2));
    expect(JSON.parse(readFileSync(COMMITTED, 'utf8'))).toEqual(check.document);
  });

  it('needs a key for all of /v1 and /admin', () => {
    for (const [name, operation] of check.operations()) {
      if (!/ \/(v1|admin)\//.test(name)) continue;
      expect([name, (operation as { security?: unknown }).security]).toEqual([name, [{ bearer: [] }]]);
    }
  });
});

describe('the drop-in’s answers are as the document says', () => {
  const query = (appid: string) => `grant_type=client_credential&appid=${appid}&secret=${KEY}`;
  it.each([
    ['get', '/cgi-bin/token', query('wx-a')],
    ['get', '/cgi-bin/token', query('wx-none')],
    ['get', '/cgi-bin/stable_token', ''],
    ['get', '/cgi-bin/ticket/getticket', 'access_token=none&type=jsapi'],
    ['get', '/livez', ''],
    ['get', '/readyz', ''],
  ])('%s %s?%s', async (method, path, parameters) => {
    const operation = check.operations().get(`${method} ${path}`)!;
    expect(check.flaws(operation, await virtual.hub.get(`${path}?${parameters}`))).toEqual([]);
  });
});

describe('each real answer is as the document says', () => {
  const codes = new Set<string>();
  const succeeded = new Set<string>();

  /** `path`: as in the document. */
  async function expectTrue(
    method: 'get' | 'post',
    path: string,
    status: number,
    request: { values?: Record<string, string>; headers?: Record<string, string>; body?: unknown } = {},
  ): Promise<Answer> {
    const { values = {}, headers = bearer(KEY), body } = request;
    const name = `${method} ${path}`;
    const operation = check.operations().get(name)!;
    const url = path.replace(/\{(\w+)\}/g, (_match, part: string) => values[part] ?? 'wx-a');
    const { hub } = virtual;
    const answer = await (method === 'get' ? hub.get(url, headers) : hub.post(url, body, headers));
    expect([name, answer.status]).toEqual([name, status]);
    expect([name, status, check.flaws(operation, answer)]).toEqual([name, status, []]);
    if (typeof answer.json?.code === 'string') codes.add(answer.json.code);
    if (status < 300) succeeded.add(name);
    return answer;
  }

  it('200 and 304 of the token', async () => {
    const { headers } = await expectTrue('get', '/v1/apps/{appid}/token', 200);
    const etag = headers.get('etag') ?? '';
    await expectTrue('get', '/v1/apps/{appid}/token', 304, {
      headers: { ...bearer(KEY), 'if-none-match': etag },
    });
  });

  it.each([
    ['superseded', 'wx-a', 'an-older-token'],
    ['confirmed', 'wx-a', undefined],
    ['throttled', 'wx-a', undefined],
    ['refreshed', 'wx-b', undefined],
  ])('200 of a report: %s', async (outcome, appid, token) => {
    const path = '/v1/apps/{appid}/token/reject';
    if (!check.operations().has(`post ${path}`)) return;
    if (outcome === 'confirmed') await virtual.pass(5000);
    if (outcome === 'refreshed') virtual.simulator.killToken(appid, 'token');
    const current = (await virtual.hub.get(`/v1/apps/${appid}/token`, bearer(KEY))).json.access_token;
    const body = { access_token: token ?? current, errcode: 40001 };
    const { json } = await expectTrue('post', path, 200, { values: { appid }, body });
    expect(json.outcome).toBe(outcome);
  });

  it('200 of tickets and signatures', async () => {
    if (!check.operations().has('get /v1/apps/{appid}/tickets/{type}')) return;
    for (const type of ['jsapi', 'wx_card']) {
      await expectTrue('get', '/v1/apps/{appid}/tickets/{type}', 200, { values: { type } });
    }
    await expectTrue('get', '/v1/apps/{appid}/tickets/{type}', 404, { values: { type: 'nothing' } });
    await expectTrue('post', '/v1/apps/{appid}/jssdk-signature', 200, {
      body: { url: 'https://a.example/#x' },
    });
  });

  it('200 and 422 of logins', async () => {
    const path = '/v1/apps/{appid}/login/session';
    const code = virtual.simulator.makeCode({ appid: 'wx-a', openid: 'o', unionid: 'u' });
    await expectTrue('post', path, 200, { body: { code } });
    await expectTrue('post', path, 422, { body: { code: 'no-such-code' } });
    const web = { appid: 'wx-a', kind: 'oauth', openid: 'o', unionid: 'u', snapshot: true } as const;
    await expectTrue('post', '/v1/apps/{appid}/login/oauth', 200, {
      body: { code: virtual.simulator.makeCode(web) },
    });
    virtual.simulator.fault({ kind: 'status', endpoint: 'jscode2session' });
    await expectTrue('post', path, 502, { body: { code: 'another-code' } });
  });

  it('200, 400 and 502 of quotas and refused calls', async () => {
    const path = '/admin/apps/{appid}/quota';
    await expectTrue('get', path, 400);
    const good = await virtual.hub.get('/admin/apps/wx-a/quota?path=/cgi-bin/menu/get', bearer(KEY));
    const flaws = check.flaws(check.operations().get(`get ${path}`)!, good);
    expect([good.status, flaws]).toEqual([200, []]);
    succeeded.add(`get ${path}`);
    await expectTrue('post', `${path}/clear`, 200);
    const refused = await virtual.hub.get('/admin/apps/wx-a/quota?path=/sns/auth', bearer(KEY));
    expect([refused.status, refused.json.wechat.errcode]).toEqual([502, 76022]);
    const rid = /rid: (\S+)/.exec(refused.json.detail as string)?.[1] ?? '';
    await expectTrue('get', '/admin/apps/{appid}/rid/{rid}', 200, { values: { rid } });
    await expectTrue('get', '/admin/apps/{appid}/rid/{rid}', 400, { values: { rid: 'x' } });
    await expectTrue('get', '/admin/apps/{appid}/rid/{rid}', 502, { values: { rid: '00000000-0-0' } });
  });

  it('200 of the admin’s', async () => {
    await expectTrue('get', '/admin/apps', 200);
    await expectTrue('get', '/admin/hub', 200);
    for (const appid of ['wx-a', 'wx-b', 'wx-bad']) {
      await expectTrue('get', '/admin/apps/{appid}', 200, { values: { appid } });
    }
    await expectTrue('post', '/admin/apps/{appid}/refresh', 200, { body: { force: true } });
    const seed = { access_token: virtual.simulator.mintByOther('wx-b'), expires_in: 7000 };
    await expectTrue('post', '/admin/apps/{appid}/seed', 200, { values: { appid: 'wx-b' }, body: seed });
    await expectTrue('post', '/admin/refresh', 200, { body: { failing: true, reason: 'no_secret' } });
    await expectTrue('post', '/admin/reload', 200);
  });

  it('401, 403 and 429 of every route', async () => {
    for (const name of [...check.operations().keys()].filter(isOwn)) {
      const [method, path] = name.split(' ') as ['get' | 'post', string];
      const values = { type: 'jsapi' };
      await expectTrue(method, path, 401, { values, headers: {} });
      await expectTrue(method, path, 403, { values, headers: bearer(ELSEWHERE) });
      if (path.includes('{appid}'))
        await expectTrue(method, path, 403, { values: { ...values, appid: 'wx-none' } });
      await virtual.hub.get('/v1/apps/wx-a/token', bearer(SLOW));
      await expectTrue(method, path, 429, { values, headers: bearer(SLOW) });
    }
  });

  it('400 and 413 of every route that takes a body', async () => {
    for (const [name, { requestBody }] of [...check.operations()].filter(([each]) => isOwn(each))) {
      if (requestBody === undefined) continue;
      const [method, path] = name.split(' ') as ['post', string];
      await expectTrue(method, path, 400, { body: '{' });
      await expectTrue(method, path, 400, { body: [] });
      await expectTrue(method, path, 413, { body: `{"x":"${'x'.repeat(17_000)}"}` });
    }
    await expectTrue('post', '/admin/reload', 413, { body: `{"x":"${'x'.repeat(17_000)}"}` });
  });

  it('422 of a reload', async () => {
    virtual.hub.writeApps([{ ...APPS[0]!, tokenApi: 'no' }]);
    const { json } = await expectTrue('post', '/admin/reload', 422);
    expect(json.problems.length).toBeGreaterThan(0);
    virtual.hub.writeApps(APPS);
  });

  it('429 of a refresh that is too early, 502 and 503 of one that fails', async () => {
    const path = '/admin/apps/{appid}/refresh';
    await expectTrue('post', path, 429, { body: { force: true } });
    virtual.simulator.fault({ kind: 'errcode', errcode: -1 });
    await expectTrue('post', path, 502, { values: { appid: 'wx-b' } });
    await expectTrue('post', path, 503, { values: { appid: 'wx-bad' } });
  });

  it('503 where there is no token', async () => {
    for (const name of [...check.operations().keys()].filter(isOwn)) {
      const [method, path] = name.split(' ') as ['get' | 'post', string];
      if (!path.startsWith('/v1/')) continue;
      const body =
        method === 'get' ? undefined : { access_token: 'some-token-that-is-dead', url: 'https://a.example/' };
      if (path.endsWith('/reject')) delete (body as { url?: string }).url;
      if (path.includes('/login/')) Object.assign(body!, { code: `code-${path.length}` });
      if (path.endsWith('/jssdk-signature')) delete (body as { access_token?: string }).access_token;
      const { json } = await expectTrue(method, path, 503, {
        values: { appid: 'wx-bad', type: 'jsapi' },
        body,
      });
      if (!/ticket|signature/.test(path)) expect(json.wechat.errcode).toBe(40164);
    }
  });

  it('and with that every operation has succeeded once, and every error was seen but that of a bug', () => {
    expect([...check.operations().keys()].filter((name) => isOwn(name) && !succeeded.has(name))).toEqual([]);
    const unseen = Object.keys(HUB_ERRORS).filter((code) => !codes.has(code));
    expect(unseen).toEqual(['HUB_INTERNAL']);
  });
});

describe('the comparison itself', () => {
  it('sees a property, a status, a type and a header that are not documented', () => {
    const operation = check.operations().get('get /v1/apps/{appid}/token')!;
    const answer = (status: number, json: object, headers: Record<string, string> = {}) => ({
      status,
      headers: new Headers({ 'content-type': 'application/json', etag: '"1"', ...headers }),
      text: JSON.stringify(json),
      json,
    });
    const good = { access_token: 'x', expires_in: 1, version: 1 };
    expect(check.flaws(operation, answer(200, good))).toEqual([]);
    expect(check.flaws(operation, answer(200, { ...good, extra: 1 }))).toEqual([
      expect.stringMatching(/extra/),
    ]);
    expect(check.flaws(operation, answer(200, { ...good, version: '1' }))).toHaveLength(1);
    expect(check.flaws(operation, answer(418, good))).toHaveLength(1);
    expect(check.flaws(operation, answer(200, good, { 'content-type': 'text/html' }))).toHaveLength(1);
    expect(check.flaws(operation, answer(304, good))).toHaveLength(1);
  });
});
