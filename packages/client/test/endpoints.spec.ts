import { Readable } from 'node:stream';
import type { HubError } from '../src/index.js';
import { createTokenClient, type TokenClient } from '../src/index.js';
import { WeChatSimulator } from '../../../src/simulator/simulator.js';
import { askToken } from '../../../test/support/simulator-harness.js';
import { testKey } from '../../../test/support/start-hub.js';
import { ContractHub, json, problem, until } from './contract-hub.js';

const APPID = 'wx-1';
const APP = { appid: APPID, secret: 'simulated-secret-1' };
const KEY = testKey('client');

let hub: ContractHub;
let client: TokenClient;
let told: HubError[];

beforeEach(async () => {
  hub = await ContractHub.start();
  told = [];
  client = createTokenClient({ hubUrl: `${hub.url}/`, key: KEY, onError: (error) => told.push(error) });
});

afterEach(async () => {
  client.close();
  await hub.stop();
});

describe('reject', () => {
  const path = `/v1/apps/${APPID}/token/reject`;

  it('tells the hub and takes its token over', async () => {
    const token = await client.getToken(APPID);
    const rejection = await client.reject(APPID, token, 42001);
    expect(rejection).toMatchObject({ outcome: 'refreshed', token: 'token-2', version: 2 });
    expect(rejection.expiresInMs).toBeGreaterThan(7_190_000);
    expect(await client.getToken(APPID)).toBe('token-2');
    const sent = hub.requests.find((request) => request.path === path);
    expect(sent?.method).toBe('POST');
    expect(JSON.parse(sent?.body ?? '')).toEqual({ access_token: 'token-1', errcode: 42001 });
    expect(sent?.headers).toMatchObject({
      authorization: `Bearer ${KEY}`,
      'content-type': 'application/json',
    });
  });

  it('is one request however many report the same token at once', async () => {
    await client.getToken(APPID);
    const all = await Promise.all(Array.from({ length: 300 }, () => client.reject(APPID, 'token-1')));
    expect(new Set(all.map(({ token }) => token))).toEqual(new Set(['token-2']));
    expect(hub.count('POST', path)).toBe(1);
  });

  it('keeps the token that the hub insists on', async () => {
    await client.getToken(APPID);
    hub.onReport = (token) => ({ outcome: 'confirmed', token, version: 1 });
    expect(await client.reject(APPID, 'token-1')).toMatchObject({ outcome: 'confirmed', token: 'token-1' });
    expect(await client.getToken(APPID)).toBe('token-1');
  });

  it('ends the long-poll about the version before', async () => {
    await client.getToken(APPID);
    await until(() => hub.waiting === 1, 'a long-poll');
    hub.onReport = () => ({ outcome: 'superseded', token: 'other', version: 7 });
    await client.reject(APPID, 'token-1');
    await until(() => hub.requests.at(-1)?.headers['if-none-match'] === '"7"', 'a poll of the new version');
  });

  it('that fails changes nothing', async () => {
    await client.getToken(APPID);
    hub.onRequest = ({ method }, response) => {
      if (method !== 'POST') return false;
      problem(response, 403, 'HUB_NOT_GRANTED', { detail: 'may lacks report' });
      return true;
    };
    await expect(client.reject(APPID, 'token-1')).rejects.toMatchObject({
      code: 'HUB_NOT_GRANTED',
      status: 403,
      requestId: 'r-1',
      message: 'may lacks report',
    });
    expect(await client.getToken(APPID)).toBe('token-1');
  });

  it('does not repeat the token in its error', async () => {
    hub.onRequest = ({ body }, response) => {
      problem(response, 400, 'HUB_BAD_REQUEST', { detail: `cannot read ${body} of ${KEY}` });
      return true;
    };
    const error: unknown = await client.reject(APPID, 'the-dead-token').catch((thrown: unknown) => thrown);
    expect(String(error)).toContain('cannot read');
    expect(String(error)).not.toContain('the-dead-token');
    expect(String(error)).not.toContain(KEY);
  });
});

describe('tickets and signatures', () => {
  const tickets = (): number => hub.count('GET', `/v1/apps/${APPID}/tickets/jsapi`);

  it('a ticket is asked for once and served from memory', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => client.ticket(APPID, 'jsapi')));
    expect(all[0]).toMatchObject({ ticket: 'ticket-of-jsapi', version: 3 });
    expect(all[0]?.expiresInMs).toBeGreaterThan(6_990_000);
    expect(await client.ticket(APPID, 'wx_card')).toMatchObject({ ticket: 'ticket-of-wx_card' });
    expect(tickets()).toBe(1);
  });

  it('a refused one is an error, and Retry-After is kept', async () => {
    hub.onRequest = (_request, response) => {
      const wechat = { errcode: 48001, errmsg: 'api unauthorized' };
      problem(response, 503, 'HUB_TOKEN_UNAVAILABLE', { headers: { 'retry-after': '60' }, wechat });
      return true;
    };
    for (let i = 0; i < 5; i++) {
      await expect(client.ticket(APPID, 'jsapi')).rejects.toMatchObject({
        code: 'HUB_TOKEN_UNAVAILABLE',
        wechat: { errcode: 48001, errmsg: 'api unauthorized' },
      });
    }
    expect(tickets()).toBe(1);
  });

  it('a signature is made by the hub for each page', async () => {
    expect(await client.jssdkSignature(APPID, 'https://shop.example.com/?a=1#x')).toEqual({
      appId: 'wx-1',
      timestamp: 1767225600,
      nonceStr: 'n',
      signature: 'ab'.repeat(20),
    });
    expect(hub.requests).toMatchObject([
      {
        method: 'POST',
        path: `/v1/apps/${APPID}/jssdk-signature`,
        body: '{"url":"https://shop.example.com/?a=1#x"}',
      },
    ]);
  });
});

describe('fetchWechat', () => {
  let simulator: WeChatSimulator;
  let calls: TokenClient;

  const mint = async (): Promise<string> => String((await askToken(simulator, APP)).json.access_token);

  beforeEach(async () => {
    simulator = await WeChatSimulator.start({ apps: [APP] });
    hub.token = await mint();
    calls = createTokenClient({
      hubUrl: hub.url,
      key: KEY,
      wechatUrl: simulator.url,
      onError: (error) => told.push(error),
    });
    // The hub that the simulator's death of a token is reported to mints another one.
    const next = mint;
    hub.onRequest = ({ method, body }, response) => {
      if (method !== 'POST') return false;
      const { access_token } = JSON.parse(body) as { access_token: string };
      void (async () => {
        const outcome = access_token === hub.token ? 'refreshed' : 'superseded';
        if (outcome === 'refreshed') hub.rotate(await next());
        json(response, 200, { access_token: hub.token, expires_in: 7200, version: hub.version, outcome });
      })();
      return true;
    };
  });

  afterEach(async () => {
    calls.close();
    await simulator.close();
  });

  const business = (): number => simulator.calls({ endpoint: 'business' });
  const reports = (): number => hub.count('POST', `/v1/apps/${APPID}/token/reject`);

  it('calls WeChat with the token in the query', async () => {
    const answer = await calls.fetchWechat(APPID, '/cgi-bin/menu/create?lang=zh_CN', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"button":[]}',
    });
    expect(await answer.json()).toMatchObject({
      errcode: 0,
      appid: APPID,
      method: 'POST',
      path: '/cgi-bin/menu/create',
      query: { lang: 'zh_CN' },
      bodyBytes: 13,
    });
    expect(reports()).toBe(0);
  });

  it('reports a dead token and repeats the call once with another one', async () => {
    await calls.getToken(APPID);
    simulator.killToken(APPID, 'token');
    const answer = await calls.fetchWechat(APPID, '/x', {
      method: 'POST',
      body: new TextEncoder().encode('abc'),
    });
    expect(await answer.json()).toMatchObject({ errcode: 0, bodyBytes: 3 });
    expect(business()).toBe(2);
    expect(JSON.parse(hub.requests.find(({ method }) => method === 'POST')?.body ?? '')).toHaveProperty(
      'errcode',
    );
  });

  it('of 200 calls that find it dead, one report', async () => {
    await calls.getToken(APPID);
    simulator.killToken(APPID, 'token');
    const answers = await Promise.all(
      Array.from({ length: 200 }, async () => (await calls.fetchWechat(APPID, '/x')).json()),
    );
    expect(answers).toEqual(Array.from({ length: 200 }, () => expect.objectContaining({ errcode: 0 })));
    expect(reports()).toBe(1);
  });

  it('does not repeat a body that is used up, but reports the token', async () => {
    await calls.getToken(APPID);
    simulator.killToken(APPID, 'token');
    const stream = (): RequestInit => ({
      method: 'POST',
      body: Readable.toWeb(Readable.from(['abc'])) as ReadableStream,
      duplex: 'half',
    });
    const first = await calls.fetchWechat(APPID, '/x', stream());
    expect(await first.json()).toMatchObject({ errcode: expect.any(Number) });
    expect(business()).toBe(1);
    const second = await calls.fetchWechat(APPID, '/x', stream());
    expect(await second.json()).toMatchObject({ errcode: 0, bodyBytes: 3 });
  });

  it('does not repeat where the hub keeps the token, and asks it once in a while only', async () => {
    await calls.getToken(APPID);
    simulator.killToken(APPID, 'token');
    hub.onRequest = () => false;
    hub.onReport = (token) => ({ outcome: 'throttled', token, version: hub.version });
    for (let i = 0; i < 10; i++) {
      const answer = await calls.fetchWechat(APPID, '/x');
      expect(await answer.json()).toMatchObject({ errcode: expect.any(Number) });
    }
    expect(business()).toBe(10);
    expect(reports()).toBe(1);
  });

  it('gives WeChat’s answer where the hub cannot be told', async () => {
    await calls.getToken(APPID);
    simulator.killToken(APPID, 'token');
    await hub.stop();
    const answer = await calls.fetchWechat(APPID, '/x');
    expect(await answer.json()).toMatchObject({ errcode: expect.any(Number) });
    expect(told.some(({ code }) => code === 'HUB_UNREACHABLE')).toBe(true);
    hub = await ContractHub.start();
  });

  it('streams a download and leaves other errors alone', async () => {
    const media = await calls.fetchWechat(APPID, '/cgi-bin/media/get?bytes=5000000');
    expect((await media.arrayBuffer()).byteLength).toBe(5_000_000);
    const init = { signal: AbortSignal.timeout(50) };
    await expect(calls.fetchWechat(APPID, '/cgi-bin/slow?ms=5000', init)).rejects.toThrow(/abort|timeout/i);
    const hasty = createTokenClient({
      hubUrl: hub.url,
      key: KEY,
      wechatUrl: simulator.url,
      wechatTimeoutMs: 50,
    });
    await expect(hasty.fetchWechat(APPID, '/cgi-bin/slow?ms=5000')).rejects.toThrow('within 50 ms');
    hasty.close();
    expect(reports()).toBe(0);
  });
});

describe('the way to the hub', () => {
  it('is never left by a redirect', async () => {
    const elsewhere = await ContractHub.start();
    hub.onRequest = ({ path }, response) => {
      response.writeHead(307, { location: `${elsewhere.url}${path}` }).end();
      return true;
    };
    const viaFetch = createTokenClient({ hubUrl: hub.url, key: KEY, fetch: globalThis.fetch });
    for (const each of [client, viaFetch]) {
      await expect(each.jssdkSignature(APPID, 'https://x')).rejects.toMatchObject({
        code: 'HUB_BAD_ANSWER',
        status: 307,
      });
    }
    expect(elsewhere.requests).toEqual([]);
    viaFetch.close();
    await elsewhere.stop();
  });

  it('ends with an answer that is too long', async () => {
    hub.onRequest = (_request, response) => {
      const page = (): boolean => response.write('x'.repeat(64 * 1024));
      response.on('drain', page);
      return page() || true;
    };
    const viaFetch = createTokenClient({ hubUrl: hub.url, key: KEY, fetch: globalThis.fetch });
    for (const each of [client, viaFetch]) {
      await expect(each.jssdkSignature(APPID, 'https://x')).rejects.toMatchObject({ code: 'HUB_BAD_ANSWER' });
    }
    viaFetch.close();
  });

  it('survives a kept connection that the hub closes', async () => {
    for (let i = 0; i < 5; i++) {
      await client.jssdkSignature(APPID, 'https://x');
      hub.onRequest = (_request, response) => {
        // Any request but the first of a connection is answered by its end.
        if (response.socket?.bytesWritten === 0) return false;
        response.socket?.resetAndDestroy();
        return true;
      };
    }
    expect(hub.count('POST', `/v1/apps/${APPID}/jssdk-signature`)).toBeGreaterThan(5);
  });

  it('without a key is possible: the hub may know a client by its address', async () => {
    const keyless = createTokenClient({ hubUrl: hub.url });
    await keyless.getToken(APPID);
    expect(hub.requests[0]?.headers.authorization).toBeUndefined();
    keyless.close();
  });
});
