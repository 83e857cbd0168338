import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bearer, startHub, testKey, type RunningHub } from '../support/start-hub.js';

/** The trace of a request: beside its id in every line that tells of it, and in nothing that leaves the hub. */

const KEY = testKey('traced');
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACED = {
  traceparent: `00-${TRACE}-00f067aa0ba902b7-01`,
  tracestate: 'vendor=of-the-inside',
  baggage: 'user=of-the-inside',
  b3: `${TRACE}-00f067aa0ba902b7-1`,
  'x-b3-traceid': TRACE,
};
const APP = { appid: 'wx-traced', secret: 'simulated-secret-of-wx-traced' };
const APP_URL = '/v1/apps/wx-traced';

describe('traceparent', () => {
  let wechat: Server;
  /** All that WeChat was sent: paths, and each head and body as text. */
  let arrived: { readonly path: string; readonly all: string }[];
  let hub: RunningHub;

  beforeEach(async () => {
    arrived = [];
    wechat = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const path = (request.url ?? '').split('?')[0] ?? '';
        arrived.push({ path, all: [request.url, ...request.rawHeaders, body].join('\n') });
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(answerOf(path)));
      });
    });
    await new Promise<void>((resolve) => wechat.listen(0, '127.0.0.1', resolve));
    hub = await startHub({
      upstream: `http://127.0.0.1:${(wechat.address() as AddressInfo).port}`,
      apps: [APP],
      clients: [{ id: 'traced', key: KEY, apps: '*', may: ['read', 'report', 'login', 'gateway', 'admin'] }],
      environment: { HUB_ACCESS_LOG: 'all', HUB_LOG_LEVEL: 'debug' },
    });
  });

  afterEach(async () => {
    await hub.stop();
    await new Promise((resolve) => wechat.close(resolve));
  });

  const lines = () => hub.log.map((line) => JSON.parse(line) as Record<string, unknown>);
  const told = (id: string) => lines().filter(({ requestId }) => requestId === id);
  const headers = (id: string, over: Record<string, string> = {}) => ({
    ...bearer(KEY),
    ...TRACED,
    'x-request-id': id,
    ...over,
  });

  it('names the trace in each line of the log and of the audit log that names the request', async () => {
    const token = (await hub.get(`${APP_URL}/token`, headers('read'))).json.access_token as string;
    await hub.post(`${APP_URL}/token/reject`, { access_token: token }, headers('report'));
    await hub.post(`${APP_URL}/login/session`, { code: 'a-code-of-wx-login' }, headers('login'));
    await hub.post('/admin/reload', undefined, headers('reload'));
    await hub.get('/v1/apps/nowhere/token', headers('denied'));
    await hub.get(`/cgi-bin/ticket/getticket?access_token=none&type=jsapi`, headers('not-served'));
    const dropIn = `grant_type=client_credential&appid=${APP.appid}`;
    await hub.get(`/cgi-bin/token?${dropIn}&secret=${testKey('nobody')}`, headers('drop-in'));
    await hub.post(
      '/cgi-bin/stable_token',
      { grant_type: 'client_credential', appid: APP.appid, secret: KEY, force_refresh: true },
      headers('forced'),
    );
    const acts = Object.fromEntries(
      ['read', 'report', 'login', 'reload', 'denied', 'not-served', 'drop-in', 'forced'].map((id) => [
        id,
        told(id).map(({ msg, act }) => act ?? msg),
      ]),
    );
    expect(acts).toMatchObject({
      read: ['request'],
      report: expect.arrayContaining(['token.reported', 'request']),
      login: expect.arrayContaining(['user.login', 'request']),
      reload: expect.arrayContaining(['config.reload', 'request']),
      denied: expect.arrayContaining(['request.denied', 'request']),
      'not-served': expect.arrayContaining(['request.denied', 'request']),
      'drop-in': expect.arrayContaining(['request.denied', 'request']),
      forced: expect.arrayContaining(['token.reported', 'request']),
    });
    for (const line of lines().filter(({ requestId }) => requestId !== undefined)) {
      expect(line).toMatchObject({ traceId: TRACE });
    }
  });

  it('is nowhere where it is not as the standard has it', async () => {
    const broken = TRACED.traceparent.toUpperCase();
    await hub.get('/v1/apps/nowhere/token', headers('broken', { traceparent: broken }));
    expect(told('broken')).not.toHaveLength(0);
    for (const line of told('broken')) expect(line).not.toHaveProperty('traceId');
  });

  it('reaches WeChat by no way, nor does any other header of tracing', async () => {
    const { json } = await hub.get(`${APP_URL}/token`, headers('read'));
    const token = json.access_token as string;
    await hub.get(`${APP_URL}/wechat/cgi-bin/getcallbackip`, headers('gateway'));
    await hub.get(`/cgi-bin/menu/get?access_token=${token}`, headers('transparent'));
    await hub.post(`${APP_URL}/login/session`, { code: 'a-code-of-wx-login' }, headers('login'));
    await hub.get('/sns/userinfo?access_token=of-a-user&openid=o-anna', headers('sns'));
    await hub.get(`${APP_URL}/tickets/jsapi`, headers('ticket'));
    await hub.post(`/admin/apps/wx-traced/refresh`, {}, headers('refresh'));
    expect(arrived.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        '/cgi-bin/stable_token',
        '/cgi-bin/getcallbackip',
        '/cgi-bin/menu/get',
        '/sns/jscode2session',
        '/sns/userinfo',
        '/cgi-bin/ticket/getticket',
      ]),
    );
    for (const { all } of arrived) {
      expect(all).not.toContain(TRACE);
      expect(all).not.toContain('of-the-inside');
    }
  });
});

function answerOf(path: string): object {
  switch (path) {
    case '/cgi-bin/stable_token':
      return { access_token: 'SIM-token-of-the-traced-app', expires_in: 7200 };
    case '/cgi-bin/ticket/getticket':
      return { errcode: 0, errmsg: 'ok', ticket: 'SIM-ticket-of-the-traced-app', expires_in: 7200 };
    case '/sns/jscode2session':
      return { openid: 'o-anna', session_key: 'simulated-session-key' };
    default:
      return { errcode: 0, errmsg: 'ok' };
  }
}
