import { bearer, testKey } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

const KEY = testKey('odd');
const TOKEN = '/v1/apps/wx-odd/token';

describe('requests that no ordinary client sends', () => {
  let virtual: VirtualHub;

  beforeAll(async () => {
    virtual = await VirtualHub.start({
      apps: [{ appid: 'wx-odd', secret: 'simulated-secret-of-wx-odd' }],
      clients: [{ id: 'odd', key: KEY, apps: '*', may: ['read'] }],
    });
  });

  afterAll(() => virtual.stop());

  const raw = (line: string, headers = `Authorization: Bearer ${KEY}\r\n`, body = '') =>
    virtual.hub.raw(`${line}\r\nHost: hub\r\n${headers}\r\n${body}`);

  it.each([
    ['a percent sign that encodes nothing', '/v1/apps/%/token'],
    ['half an encoding', '/v1/apps/wx%2/token'],
    ['an encoding that is no UTF-8', '/v1/apps/%ff%fe/token'],
    ['a segment as long as headers may be', `/v1/apps/${'a'.repeat(12_000)}/token`],
    ['a NUL', '/v1/apps/%00/token'],
    ['an encoded slash', '/v1/apps/wx-odd%2Ftoken/token'],
    ['encoded dots', '/v1/apps/%2e%2e/token'],
    ['a path of slashes', '/'.repeat(5000)],
  ])('%s is refused as a problem, with an id', async (_what, path) => {
    const answer = await raw(`GET ${path} HTTP/1.1`);
    expect([400, 403, 404]).toContain(answer.status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    const problem = JSON.parse(answer.body) as Record<string, unknown>;
    expect(problem).toMatchObject({ status: answer.status, requestId: answer.headers.get('x-request-id') });
    expect(problem.requestId).toMatch(/^\S+$/);
  });

  it('an absolute URL names the same route', async () => {
    const answer = await raw(`GET http://hub${TOKEN} HTTP/1.1`);
    expect([200, 404]).toContain(answer.status);
  });

  it('a query does not disturb', async () => {
    expect((await raw(`GET ${TOKEN}?appid=other&secret=&a[]=1&a=%zz HTTP/1.1`)).status).toBe(200);
  });

  it('HEAD is GET without the body', async () => {
    const head = await virtual.hub.request(TOKEN, { method: 'HEAD', headers: bearer(KEY) });
    const get = await virtual.hub.get(TOKEN, bearer(KEY));
    expect(head).toMatchObject({ status: 200, text: '' });
    for (const name of ['content-type', 'cache-control', 'etag', 'content-length']) {
      expect([name, head.headers.get(name)]).toEqual([name, get.headers.get(name)]);
    }
    expect((await virtual.hub.request(TOKEN, { method: 'HEAD' })).status).toBe(401);
  });

  /** What Node refuses is answered like everything else. */
  function expectProblem(answer: Awaited<ReturnType<typeof raw>>, status: number): void {
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(JSON.parse(answer.body)).toMatchObject({
      type: expect.stringContaining('HUB_'),
      title: expect.any(String),
      status,
      detail: expect.any(String),
      code: expect.stringContaining('HUB_'),
      requestId: answer.headers.get('x-request-id'),
    });
    expect(answer.headers.get('x-request-id')).toMatch(/^\S+$/);
  }

  it('headers of more than 16 KiB are refused, and the connection with them', async () => {
    const answer = await raw(`GET ${TOKEN} HTTP/1.1`, `X-Long: ${'x'.repeat(20_000)}\r\n`);
    expectProblem(answer, 431);
    expect(answer.headers.get('connection')).toBe('close');
  });

  it('a thousand headers do not help anybody', async () => {
    const many = Array.from({ length: 900 }, (_, index) => `X-${index}: 1\r\n`).join('');
    expect((await raw(`GET ${TOKEN} HTTP/1.1`, many)).status).toBe(401);
  });

  it.each([
    ['no HTTP', 'hello', 400],
    ['a method that there is not', `BREW ${TOKEN} HTTP/1.1`, 400],
    ['two lengths', `GET ${TOKEN} HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2`, 400],
    ['a length and chunks', `GET ${TOKEN} HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked`, 400],
    ['a header with a line break inside', `GET ${TOKEN} HTTP/1.1\r\nX-A: b\rc`, 400],
    ['a tunnel', 'CONNECT wechat.example:443 HTTP/1.1', 400],
    ['a question about the server as a whole', 'OPTIONS * HTTP/1.1', 404],
  ])('%s is refused', async (_what, line, status) => {
    expectProblem(await raw(line), status);
  });

  it('without a Host header nothing is answered but that', async () => {
    const answer = await virtual.hub.raw(`GET ${TOKEN} HTTP/1.1\r\nAuthorization: Bearer ${KEY}\r\n\r\n`);
    expectProblem(answer, 400);
    expect(answer.headers.get('connection')).toBe('close');
  });

  it('an expectation that the hub does not know is ignored', async () => {
    const answer = await raw(`GET ${TOKEN} HTTP/1.1`, `Authorization: Bearer ${KEY}\r\nExpect: 200-ok\r\n`);
    expect(answer.status).toBe(200);
  });

  it('an appid of any length is one that is not granted', async () => {
    const answer = await raw(`GET /v1/apps/${'a'.repeat(12_000)}/token HTTP/1.1`);
    expectProblem(answer, 403);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'HUB_NOT_GRANTED' });
  });

  it('two keys in two headers are no key', async () => {
    const twice = `Authorization: Bearer ${KEY}\r\nAuthorization: Bearer ${testKey('other')}\r\n`;
    const answer = await raw(`GET ${TOKEN} HTTP/1.1`, twice);
    // Node keeps the first of two: what decides is that the second one cannot replace it.
    expect([200, 401]).toContain(answer.status);
    const swapped = `Authorization: Bearer ${testKey('other')}\r\nAuthorization: Bearer ${KEY}\r\n`;
    expect((await raw(`GET ${TOKEN} HTTP/1.1`, swapped)).status).toBe(401);
  });

  it('If-None-Match and Prefer of any form never end in an error', async () => {
    const odd = ['*', 'W/"1"', '"', '"a","b"', ',,,', '1', '"1', `"${'9'.repeat(400)}"`];
    for (const ifNoneMatch of odd) {
      const { status } = await virtual.hub.get(TOKEN, { ...bearer(KEY), 'if-none-match': ifNoneMatch });
      expect([ifNoneMatch, status === 200 || status === 304]).toEqual([ifNoneMatch, true]);
    }
    for (const prefer of [
      'wait',
      'wait=',
      'wait=-1',
      'wait=1e9',
      'wait=0',
      'respond-async',
      '=',
      'wait=x, wait=y',
    ]) {
      const { status } = await virtual.hub.get(TOKEN, { ...bearer(KEY), 'if-none-match': '*', prefer });
      expect([prefer, status]).toEqual([prefer, 304]);
    }
  });

  it('and the hub lives on, with one call to WeChat in all', async () => {
    expect((await virtual.hub.get(TOKEN, bearer(KEY))).status).toBe(200);
    expect(virtual.simulator.calls()).toBe(1);
  });
});
