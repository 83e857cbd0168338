import { bearer, testKey } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

const KEY = testKey('ids');
const TOKEN = '/v1/apps/wx-ids/token';

describe('X-Request-Id', () => {
  let virtual: VirtualHub;

  beforeAll(async () => {
    virtual = await VirtualHub.start({
      apps: [{ appid: 'wx-ids', secret: 'simulated-secret-of-wx-ids' }],
      clients: [{ id: 'ids', key: KEY, apps: '*' }],
      environment: { HUB_ACCESS_LOG: 'all' },
    });
  });

  afterAll(() => virtual.stop());

  const idOf = async (given: Record<string, string>, path = TOKEN) =>
    (await virtual.hub.get(path, { ...bearer(KEY), ...given })).headers.get('x-request-id');

  it.each(['a', '01HXYZ', '6f1c1c9e-3a7e-4b7d-9a53-2f8f0a5e3c11', 'a/b+c=@x:1~2._-', 'x'.repeat(128)])(
    'is taken over: %s',
    async (id) => {
      expect(await idOf({ 'x-request-id': id })).toBe(id);
      const error = await virtual.hub.get('/v1/apps/nowhere/token', { 'x-request-id': id });
      expect(error.json.requestId).toBe(id);
    },
  );

  it.each([
    '',
    ' ',
    'two words',
    'x'.repeat(129),
    '"quoted"',
    'a\tb',
    'a,b',
    '<b>',
    '{}',
    '$(reboot)',
    "'",
    'é',
  ])('is replaced where it is of another form: %j', async (id) => {
    const answered = await idOf({ 'x-request-id': id });
    expect(answered).not.toBe(id);
    expect(answered).toMatch(/^[A-Za-z0-9_-]{8,40}$/);
  });

  it('two of them are replaced as well', async () => {
    const answer = await virtual.hub.raw(
      `GET ${TOKEN} HTTP/1.1\r\nHost: hub\r\nX-Request-Id: one\r\nX-Request-Id: two\r\nAuthorization: Bearer ${KEY}\r\n\r\n`,
    );
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-request-id')).toMatch(/^[A-Za-z0-9_-]{8,40}$/);
  });

  it('is made where there is none, another one each time', async () => {
    const ids = await Promise.all(Array.from({ length: 50 }, () => idOf({})));
    expect(new Set(ids).size).toBe(50);
  });

  it('is on every answer: 200, 304, health, errors before the route', async () => {
    const { json } = await virtual.hub.get(TOKEN, bearer(KEY));
    expect(await idOf({ 'x-request-id': 'n1', 'if-none-match': `"${json.version}"` })).toBe('n1');
    for (const path of ['/livez', '/readyz', '/nowhere']) {
      expect(await idOf({ 'x-request-id': 'n2' }, path)).toBe('n2');
    }
  });

  it('leads from an answer to its log line', async () => {
    await idOf({ 'x-request-id': 'find-me' }, '/v1/apps/nowhere/token');
    // The denial has a line of its own.
    const lines = virtual.hub.log.filter((text) => text.includes('"find-me"'));
    const line = lines.find((text) => text.includes('"msg":"request"')) ?? '{}';
    expect(JSON.parse(line)).toMatchObject({
      level: 'info',
      msg: 'request',
      requestId: 'find-me',
      method: 'GET',
      route: '/v1/apps/:appid/token',
      status: 403,
      client: 'ids',
      key: 'first',
      denied: 'app_not_granted',
      address: '127.0.0.1',
    });
  });
});
