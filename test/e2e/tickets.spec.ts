import { createHash } from 'node:crypto';
import { TokenCache } from '../../src/token-cache/token-cache.service.js';
import { eventually } from '../support/eventually.js';
import { bearer, testKey, type Answer } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

const KEY = testKey('web');
const WARM = { appid: 'wx-warm', secret: 'simulated-secret-warm', tickets: ['jsapi'] };
const COLD = { appid: 'wx-cold', secret: 'simulated-secret-cold' };

describe('tickets', () => {
  let hub: VirtualHub;

  beforeEach(async () => {
    hub = await VirtualHub.start({ apps: [WARM, COLD], clients: [{ id: 'web', key: KEY, apps: '*' }] });
  });
  afterEach(() => hub.stop());

  const ticket = (appid: string, type = 'jsapi', headers = {}) =>
    hub.hub.get(`/v1/apps/${appid}/tickets/${type}`, { ...bearer(KEY), ...headers });
  const calls = (appid: string) => hub.simulator.calls({ appid, endpoint: 'getticket' });

  it('are fetched with the token where apps.yaml keeps them warm, else on first use, once', async () => {
    await hub.pass(0);
    expect(calls('wx-warm')).toBe(1);
    expect(calls('wx-cold')).toBe(0);
    const answers = await Promise.all(Array.from({ length: 100 }, () => ticket('wx-cold', 'wx_card')));
    expect(calls('wx-cold')).toBe(1);
    for (const { status, json, headers } of answers) {
      expect(status).toBe(200);
      expect(hub.simulator.isAlive(json.ticket)).toBe(true);
      // Nobody has seen it come: it may have lived before.
      expect(json.expires_in).toBe(125);
      expect(headers.get('etag')).toBe(`"${json.version}"`);
    }
    const { version } = answers[0]!.json;
    expect((await ticket('wx-cold', 'wx_card', { 'if-none-match': `"${version}"` })).status).toBe(304);
  });

  it.each(['stable_token', 'token'])(
    'wait for the first token where it is on its way: %s',
    async (tokenApi) => {
      await hub.stop();
      hub = await VirtualHub.start({
        apps: [{ ...COLD, tokenApi }],
        clients: [{ id: 'web', key: KEY, apps: '*' }],
        faults: [{ kind: 'delay', delayMs: 1000 }],
      });
      const answer = ticket('wx-cold');
      const { token } = hub.hub.app.get(TokenCache).entry('wx-cold')!;
      await eventually(() => token.waiting === 1);
      await hub.pass(1000);
      expect((await answer).status).toBe(200);
    },
  );

  it('of an unknown end are promised for two minutes, and looked after once a minute', async () => {
    await hub.pass(3_700_000);
    const { json } = await ticket('wx-warm');
    expect(json.expires_in).toBeGreaterThan(60);
    expect(json.expires_in).toBeLessThanOrEqual(125);
    expect(calls('wx-warm')).toBeGreaterThanOrEqual(61);
    expect(calls('wx-warm')).toBeLessThanOrEqual(70);
  });

  it('that had lived at WeChat for 70 minutes before the hub saw them: none is served for long after its end', async () => {
    const { appid, secret } = COLD;
    const weChat = async (path: string) => (await hub.hub.request(`${hub.simulator.url}${path}`)).json;
    const { access_token: token } = await weChat(
      `/cgi-bin/token?grant_type=client_credential&appid=${appid}&secret=${secret}`,
    );
    const old = await weChat(`/cgi-bin/ticket/getticket?access_token=${token}&type=jsapi`);
    await hub.pass(70 * 60_000);
    const first = (await ticketInTime(appid)).json;
    expect(first.ticket).toBe(old.ticket);
    const dead = { served: 0, keptTo: 0 };
    for (let seconds = 0; seconds < 3 * 3600; seconds += 20) {
      await hub.pass(20_000);
      const { status, json } = await ticketInTime(appid);
      expect(status).toBe(200);
      if (!hub.simulator.isAlive(json.ticket)) {
        dead.served += 20;
        dead.keptTo = Math.max(dead.keptTo, json.expires_in);
      }
    }
    expect(dead.served).toBeLessThanOrEqual(80);
    expect(dead.keptTo).toBeLessThanOrEqual(125);
    // The second one was seen to come: ten looks in its life, and some around the end of it.
    expect(calls(appid)).toBeLessThan(1 + 60 + 45);
  });

  /** Who asks when the next attempt is very near waits for it: time goes on meanwhile. */
  async function ticketInTime(appid: string): Promise<Answer> {
    const cell = hub.hub.app.get(TokenCache).entry(appid)!.ticket('jsapi');
    let answered = false;
    const asked = ticket(appid).finally(() => (answered = true));
    await eventually(async () => {
      if (cell.waiting > 0) await hub.pass(100);
      return answered;
    });
    return asked;
  }

  it('change over without a dead one being served', async () => {
    const first = (await ticket('wx-warm')).json;
    await hub.pass(7_199_000);
    const last = (await ticket('wx-warm')).json;
    expect(last).toMatchObject({ ticket: first.ticket, expires_in: 1 });
    for (let step = 0; step < 40; step += 1) {
      await hub.pass(100);
      const { status, json } = await ticketInTime('wx-warm');
      if (status === 200) expect(hub.simulator.isAlive(json.ticket)).toBe(true);
    }
    const next = await ticketInTime('wx-warm');
    expect(next.status).toBe(200);
    expect(next.json.version).toBe(first.version + 1);
    // Its coming was seen, and so its end is known: 2 h but for a look.
    expect(next.json.expires_in).toBeGreaterThan(7100);
    const before = calls('wx-warm');
    await hub.pass(7_000_000);
    expect(calls('wx-warm') - before).toBeLessThan(15);
    expect((await ticket('wx-warm')).json.version).toBe(next.json.version);
  });

  it('that nobody asks for any more are not renewed', async () => {
    await ticket('wx-cold');
    await hub.pass(5 * 3_600_000);
    expect(calls('wx-cold')).toBeLessThan(5);
    expect((await ticket('wx-cold')).status).toBe(200);
  });

  it('survive a failing WeChat as long as they live', async () => {
    const { json } = await ticket('wx-warm');
    hub.simulator.fault({ kind: 'status', endpoint: 'getticket', times: Infinity });
    await hub.pass(7_100_000);
    expect((await ticket('wx-warm')).json.ticket).toBe(json.ticket);
    await hub.pass(100_001);
    expect(await ticket('wx-warm')).toMatchObject({ status: 503, json: { code: 'HUB_TOKEN_UNAVAILABLE' } });
  });

  it('refused because the token is dead: another token is fetched, and the ticket with it', async () => {
    hub.simulator.killToken('wx-cold', 'stable_token');
    const answer = await ticket('wx-cold');
    expect(answer.status).toBe(200);
    expect(hub.simulator.isAlive(answer.json.ticket)).toBe(true);
    const token = (await hub.hub.get('/v1/apps/wx-cold/token', bearer(KEY))).json;
    expect(hub.simulator.isAlive(token.access_token)).toBe(true);
  });

  it('of another type there are none', async () => {
    expect(await ticket('wx-cold', 'card')).toMatchObject({ status: 404, json: { code: 'HUB_NOT_FOUND' } });
  });

  it('sign pages for the JS-SDK', async () => {
    const url = 'https://shop.example/p?a=1&b=%E4%BD%A0#part';
    const { status, json } = await hub.hub.post('/v1/apps/wx-cold/jssdk-signature', { url }, bearer(KEY));
    expect(status).toBe(200);
    const { json: held } = await ticket('wx-cold');
    const text = `jsapi_ticket=${held.ticket}&noncestr=${json.nonceStr}&timestamp=${json.timestamp}&url=${url.split('#')[0]}`;
    expect(json).toEqual({
      appId: 'wx-cold',
      timestamp: Math.floor(hub.clock.wallNow() / 1000),
      nonceStr: expect.stringMatching(/^[A-Za-z0-9]{16}$/),
      signature: createHash('sha1').update(text).digest('hex'),
    });
  });

  it.each([
    [undefined],
    [{}],
    [{ url: 'shop.example' }],
    [{ url: 'javascript:alert(1)' }],
    [{ url: 'https://' }],
  ])('sign nothing for %j', async (body) => {
    expect(await hub.hub.post('/v1/apps/wx-cold/jssdk-signature', body, bearer(KEY))).toMatchObject({
      status: 400,
      json: { code: 'HUB_BAD_REQUEST' },
    });
  });
});
