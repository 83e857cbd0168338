import { AccessGuard } from '../../src/web/access.guard.js';
import { bearer, testKey, type Answer } from '../support/start-hub.js';
import { eventually } from '../support/eventually.js';
import { VirtualHub } from '../support/virtual-hub.js';

const KEY = testKey('sdk');
const ADMIN = testKey('admin');
const CLASSIC = { appid: 'wx-classic', secret: 'simulated-secret-classic', tokenApi: 'token' };
const STABLE = { appid: 'wx-stable', secret: 'simulated-secret-stable-32-characters' };
const APPS = [CLASSIC, STABLE];
const SDK = { id: 'sdk', key: KEY, apps: '*' };
const OPERATOR = { id: 'operator', key: ADMIN, apps: '*', may: ['admin'] };

const dropIn = (appid: string) => `/cgi-bin/token?grant_type=client_credential&appid=${appid}&secret=${KEY}`;

/** Each sends a request that waits for WeChat, which hangs. `first`: what the client got before. */
const WAYS: readonly [
  string,
  string,
  (hub: VirtualHub['hub'], first: { token: string; version: number }) => Promise<Answer>,
][] = [
  ['the drop-in, asked again (token)', '40125', (hub) => hub.get(dropIn('wx-classic'))],
  ['the drop-in, asked again (stable_token)', '40125', (hub) => hub.get(dropIn('wx-stable'))],
  [
    'the drop-in behind a prefix, asked again',
    '40125',
    (hub) => hub.get(`/any/prefix${dropIn('wx-classic')}`),
  ],
  [
    'a forced stable_token',
    '40125',
    (hub) =>
      hub.post('/cgi-bin/stable_token', {
        grant_type: 'client_credential',
        appid: 'wx-classic',
        secret: KEY,
        force_refresh: true,
      }),
  ],
  [
    'the drop-in’s ticket',
    '40164',
    (hub, { token }) => hub.get(`/cgi-bin/ticket/getticket?access_token=${token}&type=jsapi`),
  ],
  ['a ticket', '401', (hub) => hub.get('/v1/apps/wx-classic/tickets/jsapi', bearer(KEY))],
  [
    'a signature',
    '401',
    (hub) => hub.post('/v1/apps/wx-classic/jssdk-signature', { url: 'https://shop.example/' }, bearer(KEY)),
  ],
  [
    'a report',
    '401',
    (hub, { token }) => hub.post('/v1/apps/wx-classic/token/reject', { access_token: token }, bearer(KEY)),
  ],
];

/** The errcode of WeChat's shape, else the status; and that nothing else came with it. */
function refusalOf({ status, json, headers, text }: Answer): string {
  expect(text).not.toMatch(/access_token"|ticket"|signature"/);
  expect(headers.get('etag')).toBeNull();
  return String(json.errcode ?? status);
}

describe('a client that is removed while its request waits', () => {
  let virtual: VirtualHub;
  afterEach(() => virtual.stop());

  const removeClient = async () => {
    virtual.hub.writeApps(APPS, [OPERATOR]);
    const { status } = await virtual.hub.post('/admin/reload', undefined, bearer(ADMIN));
    expect(status).toBe(200);
  };

  it.each(WAYS)('is refused at once: %s', async (_way, refusal, ask) => {
    virtual = await VirtualHub.start({ apps: APPS, clients: [SDK, OPERATOR] });
    const { json } = await virtual.hub.get('/v1/apps/wx-classic/token', bearer(KEY));
    for (const { appid } of APPS) await virtual.hub.get(dropIn(appid));
    const fault = virtual.simulator.fault({ kind: 'hang', times: Infinity });
    const waiting = ask(virtual.hub, { token: json.access_token, version: json.version });
    await fault.waitForHits(1);
    await removeClient();
    // WeChat hangs still, and time stands still.
    expect(refusalOf(await waiting)).toBe(refusal);
    fault.clear();
    fault.release();
  });

  it.each([
    ['GET token', '401', (hub: VirtualHub['hub']) => hub.get('/v1/apps/wx-classic/token', bearer(KEY))],
    ['the drop-in', '40125', (hub: VirtualHub['hub']) => hub.get(dropIn('wx-classic'))],
  ])('is refused at once while the first token is being fetched: %s', async (_way, refusal, ask) => {
    virtual = await VirtualHub.start({
      apps: APPS,
      clients: [SDK, OPERATOR],
      faults: [{ kind: 'hang', times: Infinity }],
    });
    const waiting = ask(virtual.hub);
    await eventually(() => virtual.hub.app.get(AccessGuard).waiting === 1, 'the request');
    await removeClient();
    expect(refusalOf(await waiting)).toBe(refusal);
  });

  it('is refused at once at a long poll, and none is counted any more', async () => {
    virtual = await VirtualHub.start({ apps: APPS, clients: [SDK, OPERATOR] });
    const { json } = await virtual.hub.get('/v1/apps/wx-classic/token', bearer(KEY));
    const polls = Array.from({ length: 5 }, () =>
      virtual.hub.get('/v1/apps/wx-classic/token', {
        ...bearer(KEY),
        'if-none-match': `"${json.version}"`,
        prefer: 'wait=55',
      }),
    );
    await eventually(async () => (await longPolls()) === 5, 'the polls');
    await removeClient();
    for (const answer of await Promise.all(polls)) expect(refusalOf(answer)).toBe('401');
    await eventually(async () => (await longPolls()) === 0, 'the end of the polls');
  });

  it('more long polls of one client than 2,000 are answered at once', async () => {
    const other = testKey('other');
    const clients = [SDK, OPERATOR, { id: 'other', key: other, apps: '*' }];
    virtual = await VirtualHub.start({ apps: APPS, clients });
    const { json } = await virtual.hub.get('/v1/apps/wx-classic/token', bearer(KEY));
    const poll = (key: string) =>
      virtual.hub.get('/v1/apps/wx-classic/token', {
        ...bearer(key),
        'if-none-match': `"${json.version}"`,
        prefer: 'wait=55',
      });
    const waiting = Array.from({ length: 2000 }, () => poll(KEY));
    await eventually(async () => (await longPolls()) === 2000, 'the polls');
    expect((await poll(KEY)).status).toBe(304);
    waiting.push(poll(other));
    await eventually(async () => (await longPolls()) === 2001, 'another client’s poll');
    await virtual.pass(55_000);
    for (const { status } of await Promise.all(waiting)) expect(status).toBe(304);
    expect(await longPolls()).toBe(0);
  });

  it('another client’s long poll goes on', async () => {
    const other = testKey('other');
    const clients = [SDK, OPERATOR, { id: 'other', key: other, apps: '*' }];
    virtual = await VirtualHub.start({ apps: APPS, clients });
    const { json } = await virtual.hub.get('/v1/apps/wx-classic/token', bearer(KEY));
    const poll = virtual.hub.get('/v1/apps/wx-classic/token', {
      ...bearer(other),
      'if-none-match': `"${json.version}"`,
      prefer: 'wait=55',
    });
    await eventually(async () => (await longPolls()) === 1, 'the poll');
    virtual.hub.writeApps(APPS, clients.slice(1));
    await virtual.hub.post('/admin/reload', undefined, bearer(ADMIN));
    expect(await longPolls()).toBe(1);
    await virtual.pass(55_000);
    expect((await poll).status).toBe(304);
  });

  const metric = async (name: string): Promise<number> => {
    const { text } = await virtual.hub.request(`${virtual.hub.opsUrl}/metrics`);
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  };
  const longPolls = () => metric('wxhub_long_polls');
});
