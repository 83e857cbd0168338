import { eventually } from '../support/eventually.js';
import { bearer, testKey } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

/** What callers and operators are told when WeChat refuses: 503 with WeChat's words, and a hint that helps. */

const KEY = testKey('refusals');
const APP = { appid: 'wx-refused', secret: 'simulated-secret-of-wx-refused' };

describe('WeChat refuses with', () => {
  let virtual: VirtualHub;
  afterEach(() => virtual.stop());

  const start = async (faults: Parameters<typeof VirtualHub.start>[0]['faults']) => {
    virtual = await VirtualHub.start({
      apps: [APP],
      clients: [{ id: 'refusals', key: KEY, apps: '*', may: ['read', 'admin'] }],
      ...(faults === undefined ? {} : { faults }),
    });
  };
  const read = () => virtual.hub.get('/v1/apps/wx-refused/token', bearer(KEY));
  const status = async () => (await virtual.hub.get('/admin/apps/wx-refused', bearer(KEY))).json;

  it.each<[number, RegExp, number]>([
    [-1, /busy/, 1],
    [45011, /minute/, 66],
    [45009, /quota/, 66],
    [40125, /AppSecret/, 66],
    [40001, /AppSecret/, 66],
    [40013, /appid/, 66],
    [41002, /WeChat did not get/, 66],
    [61024, /third-party/, 66],
    [40243, /frozen/, 66],
    [50004, /forbids/, 66],
    [50007, /frozen/, 66],
    [50002, /restricted/, 66],
    [48004, /blocked/, 66],
    [89503, /administrator/, 66],
    [89507, /hour/, 66 * 60],
    [77777, /does not know/, 1],
  ])('%d: the callers get 503 with it, the operators a hint', async (errcode, hint, retryAfterAtMost) => {
    await start([{ kind: 'errcode', errcode, errmsg: 'in WeChat’s own words', times: Infinity }]);
    const answer = await read();
    expect(answer).toMatchObject({
      status: 503,
      json: {
        code: 'HUB_TOKEN_UNAVAILABLE',
        wechat: { errcode, errmsg: expect.stringMatching(hint) },
      },
    });
    expect(Object.keys(answer.json.wechat)).toEqual(['errcode', 'errmsg']);
    expect(answer.json.detail).toMatch(hint);
    // What WeChat wrote is for operators.
    expect(answer.text).not.toContain('own words');
    const retryAfter = Number(answer.headers.get('retry-after'));
    expect(retryAfter).toBeGreaterThanOrEqual(1);
    expect(retryAfter).toBeLessThanOrEqual(retryAfterAtMost);
    const { state, version, expiresAt, lastError } = await status();
    expect({ state, version, expiresAt }).toEqual({ state: 'unavailable', version: null, expiresAt: null });
    expect(lastError).toMatchObject({
      errcode,
      errmsg: expect.any(String),
      hint: expect.stringMatching(hint),
    });
    expect(Date.parse(lastError.at)).toBe(virtual.clock.now());
  });

  it('40164: names the address to put on the whitelist', async () => {
    await start(undefined);
    virtual.simulator.setWhitelist('wx-refused', ['192.0.2.7']);
    await virtual.pass(330_000);
    const { state, lastError } = await status();
    expect(state).toBe('failing');
    expect(lastError).toMatchObject({ errcode: 40164, hint: expect.stringContaining('127.0.0.1') });
    expect((await read()).status).toBe(200);
    await virtual.pass(7200_000);
    const refused = await read();
    expect(refused).toMatchObject({ status: 503, json: { wechat: { errcode: 40164 } } });
    expect(refused.json.detail).toContain('127.0.0.1');

    virtual.simulator.setWhitelist('wx-refused', ['127.0.0.1']);
    await virtual.pass(660_000);
    expect((await read()).status).toBe(200);
    expect(await status()).toMatchObject({ state: 'valid', lastError: { errcode: 40164 } });
  });

  it('no errcode at all: no wechat member, but the reason', async () => {
    await start([{ kind: 'html', times: Infinity }]);
    const { status: code, json } = await read();
    expect(code).toBe(503);
    expect(json).not.toHaveProperty('wechat');
    expect(json.detail).toMatch(/HTML/);
    expect((await status()).lastError).toMatchObject({ errcode: null });
  });

  it('a secret in its own words: they go nowhere', async () => {
    await start([{ kind: 'errcode', errcode: 40125, errmsg: `bad secret ${APP.secret}`, times: Infinity }]);
    const { json } = await read();
    expect(json.wechat.errmsg).toMatch(/^WeChat refused with errcode 40125\. The AppSecret is wrong/);
    expect((await status()).lastError.errmsg).toMatch(/^bad secret \[redacted\] rid/);
  });

  it('words of a hundred lines: one line, at most 300 characters', async () => {
    await start([
      { kind: 'errcode', errcode: -1, errmsg: 'line\r\n\u0000\u001b[31m'.repeat(100), times: Infinity },
    ]);
    const { errmsg } = (await read()).json.wechat;
    expect(errmsg.length).toBeLessThanOrEqual(300);
    // eslint-disable-next-line no-control-regex
    expect(errmsg).not.toMatch(/[\u0000-\u001f]/);
  });

  it('who waits for the call under way gets WeChat’s words as well, and when to come again', async () => {
    await start([{ kind: 'errcode', errcode: 40164, delayMs: 2000 }]);
    const waiting = Array.from({ length: 5 }, read);
    const armed = virtual.clock.armed();
    await eventually(() => virtual.clock.armed() >= armed + 5, 'the waits');
    await virtual.pass(2000);
    for (const { status: code, headers, json } of await Promise.all(waiting)) {
      expect({ code, errcode: json.wechat?.errcode }).toEqual({ code: 503, errcode: 40164 });
      expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(60);
    }
  });

  it('a ticket of an app without a token is refused at once, not after another try', async () => {
    await start([{ kind: 'errcode', errcode: 40164, times: Infinity }]);
    const startedAt = virtual.clock.now();
    const ticket = await virtual.hub.get('/v1/apps/wx-refused/tickets/jsapi', bearer(KEY));
    expect(ticket).toMatchObject({ status: 503, json: { code: 'HUB_TOKEN_UNAVAILABLE' } });
    expect(virtual.clock.now()).toBe(startedAt);
  });

  it('45009 for a forced refresh: the token that lives stays, and the admin learns why', async () => {
    await start(undefined);
    const { json } = await read();
    virtual.simulator.fault({ kind: 'errcode', errcode: 45009 });
    const forced = await virtual.hub.post('/admin/apps/wx-refused/refresh', { force: true }, bearer(KEY));
    expect(forced).toMatchObject({
      status: 502,
      json: { code: 'HUB_UPSTREAM_FAILED', wechat: { errcode: 45009 } },
    });
    expect((await read()).json.access_token).toBe(json.access_token);
  });
});
