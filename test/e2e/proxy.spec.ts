import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { startHub, testKey, type RunningHub } from '../support/start-hub.js';

/** Whose address counts: real sockets from addresses of the loopback net, and what proxies and liars write. */

const KEY = testKey('proxied');
const APP = { appid: 'wx-proxy', secret: 'simulated-secret-of-wx-proxy' };
const TOKEN = '/v1/apps/wx-proxy/token';
const PROXY = '127.0.0.1';
const SECOND_PROXY = '127.0.0.2';
const DIRECT = '127.0.0.3';

const CLIENTS = [
  { id: 'office', allowIps: ['192.0.2.0/24', '2001:db8:1::/48'], apps: '*' },
  { id: 'both', key: KEY, allowIps: ['198.51.100.7'], apps: '*' },
  { id: 'neighbour', allowIps: [DIRECT], apps: '*' },
];

let simulator: WeChatSimulator;
let hub: RunningHub;

beforeAll(async () => {
  simulator = await WeChatSimulator.start({ apps: [APP] });
});

afterAll(() => simulator.close());

async function start(trusted: string | undefined, clients: readonly Record<string, unknown>[] = CLIENTS) {
  hub = await startHub({
    upstream: simulator.url,
    apps: [APP],
    clients,
    environment: trusted === undefined ? {} : { HUB_TRUSTED_PROXIES: trusted },
  });
}

/** Each pair is a header line of its own, in this order. */
async function ask(from: string, headers: readonly (readonly [string, string])[] = [], key?: string) {
  const lines = [...headers, ...(key === undefined ? [] : [['Authorization', `Bearer ${key}`] as const])];
  const answer = await hub.raw(
    `GET ${TOKEN} HTTP/1.1\r\nHost: hub\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
    { localAddress: from },
  );
  const problem = answer.status === 200 ? undefined : (JSON.parse(answer.body) as Record<string, string>);
  const seen = /The address (\S+) is not/.exec(problem?.detail ?? '')?.[1];
  return { status: answer.status, code: problem?.code, seen };
}

const xff = (...values: string[]) => values.map((value) => ['X-Forwarded-For', value] as const);

/** Elsewhere than on Linux the loopback interface has one address. */
const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('without HUB_TRUSTED_PROXIES', () => {
  beforeAll(() => start(undefined));
  afterAll(() => hub.stop());

  it('the socket’s address counts, whatever headers say', async () => {
    expect(await ask(DIRECT, xff('192.0.2.1'))).toMatchObject({ status: 200 });
    for (const header of [
      'X-Forwarded-For',
      'X-Real-IP',
      'Forwarded',
      'X-Client-IP',
      'True-Client-IP',
      'Via',
    ]) {
      for (const value of ['192.0.2.1', 'for=192.0.2.1', DIRECT]) {
        expect([header, (await ask(PROXY, [[header, value]])).status]).toEqual([header, 401]);
      }
    }
  });

  it('a key with an address rule is refused from elsewhere, with the address that the hub sees', async () => {
    expect(await ask(PROXY, xff('198.51.100.7'), KEY)).toEqual({
      status: 403,
      code: 'HUB_IP_NOT_ALLOWED',
      seen: PROXY,
    });
  });
});

onLinux('with two trusted proxies', () => {
  beforeAll(() => start(`${PROXY}, ${SECOND_PROXY}/32`));
  afterAll(() => hub.stop());

  const asBoth = (...values: string[]) => ask(PROXY, xff(...values), KEY);

  it.each<[string, string[], string]>([
    ['one address', ['198.51.100.7'], '200'],
    ['the last of several: what the proxy itself wrote', ['10.0.0.1, 198.51.100.7'], '200'],
    ['not the first of several: that anybody can write', ['198.51.100.7, 203.0.113.9'], '203.0.113.9'],
    ['the last that is no trusted proxy', [`198.51.100.7, ${SECOND_PROXY}`], '200'],
    ['several trusted ones behind it', [`198.51.100.7, ${SECOND_PROXY}, ${PROXY}`], '200'],
    ['several headers, as one list in their order', ['203.0.113.9', '198.51.100.7'], '200'],
    ['several headers, the spoofed one first', ['198.51.100.7', '203.0.113.9'], '203.0.113.9'],
    ['with a port', ['198.51.100.7:50123'], '200'],
    ['as a mapped IPv6 address', ['::ffff:198.51.100.7'], '200'],
    ['as a mapped IPv6 address in brackets with a port', ['[::ffff:198.51.100.7]:443'], '200'],
    ['with spaces, tabs and empty elements', [' , 203.0.113.9,\t198.51.100.7 ,, '], '200'],
    ['another address', ['198.51.100.8'], '198.51.100.8'],
    ['IPv6, in its usual spelling', ['2001:DB8:0:0::0007'], '2001:db8::7'],
    ['garbage', ['unknown'], 'unknown'],
    ['garbage behind a good one', ['198.51.100.7, unknown'], 'unknown'],
    ['a good one behind garbage', ['unknown, 198.51.100.7'], '200'],
    ['an obfuscated identifier', ['_hidden'], 'unknown'],
    ['a quoted address', ['"198.51.100.7"'], 'unknown'],
    ['the syntax of Forwarded', ['for=198.51.100.7'], 'unknown'],
    ['a name', ['localhost'], 'unknown'],
    ['an address with zeros in front', ['198.051.100.007'], 'unknown'],
    ['an address as one number', ['3325256711'], 'unknown'],
    ['an address in hex', ['0xc6.0x33.0x64.0x07'], 'unknown'],
    ['an address with a mask', ['198.51.100.7/32'], 'unknown'],
    ['an address with a zone', ['fe80::1%eth0'], 'unknown'],
    ['a port that is none', ['198.51.100.7:99999'], 'unknown'],
    ['semicolons', ['198.51.100.7; 203.0.113.9'], 'unknown'],
    ['a hundred trusted ones', [Array<string>(100).fill(PROXY).join(',')], 'unknown'],
    ['ten thousand commas', [','.repeat(10_000)], 'unknown'],
    ['a very long element', ['1'.repeat(10_000)], 'unknown'],
    ['nothing but the proxy', [PROXY], PROXY],
    ['an empty header', [''], PROXY],
  ])('%s', async (_what, values, seen) => {
    const { status, seen: named } = await asBoth(...values);
    expect(status === 200 ? '200' : named).toBe(seen);
  });

  it('what a caller sends who is no proxy is not looked at', async () => {
    expect(await ask(DIRECT, xff('198.51.100.7'), KEY)).toMatchObject({ status: 403, seen: DIRECT });
    expect(await ask('127.0.0.4', xff('198.51.100.7'), KEY)).toMatchObject({
      status: 403,
      seen: '127.0.0.4',
    });
  });

  it('a proxy speaks for a caller, not for itself: its own address opens nothing', async () => {
    expect((await ask(PROXY, xff(DIRECT))).status).toBe(200);
    expect((await ask(PROXY, xff(`${DIRECT}, garbage`))).status).toBe(401);
    expect((await ask(PROXY)).status).toBe(401);
  });

  it('other headers that mean the same mean nothing', async () => {
    for (const name of [
      'X-Real-IP',
      'Forwarded',
      'X-Forwarded',
      'X-Original-Forwarded-For',
      'X_Forwarded_For',
    ]) {
      expect([name, (await ask(PROXY, [[name, '198.51.100.7']], KEY)).status]).toEqual([name, 403]);
    }
    // Not even beside the right one.
    const both = [...xff('203.0.113.9'), ['X-Real-IP', '198.51.100.7'] as const];
    expect(await ask(PROXY, both, KEY)).toMatchObject({ status: 403, seen: '203.0.113.9' });
  });

  describe('a client that is known by its address alone', () => {
    it.each(['192.0.2.1', '192.0.2.255', '2001:db8:1:ffff::1', '[2001:db8:1::1]:8080', '::ffff:192.0.2.9'])(
      'is served at %s',
      async (address) => {
        expect((await ask(PROXY, xff(address))).status).toBe(200);
      },
    );

    it.each(['192.0.3.0', '192.0.1.255', '2001:db8:2::1', 'unknown', '198.51.100.7'])(
      'and not at %s',
      async (address) => {
        expect((await ask(PROXY, xff(address))).status).toBe(401);
      },
    );

    it('and a wrong key beside the right address is a wrong key', async () => {
      expect((await ask(PROXY, xff('192.0.2.1'), testKey('wrong'))).status).toBe(401);
    });
  });

  it('a client with key and addresses needs both', async () => {
    expect((await ask(PROXY, xff('198.51.100.7'))).status).toBe(401);
    expect((await ask(PROXY, xff('192.0.2.1'), KEY)).status).toBe(403);
    expect((await ask(PROXY, xff('198.51.100.7'), KEY)).status).toBe(200);
  });
});

describe('where no client has a key', () => {
  beforeAll(() => start(PROXY, [CLIENTS[0]!]));
  afterAll(() => hub.stop());

  it('a wrong address is told so, with the address', async () => {
    expect(await ask(PROXY, xff('203.0.113.9'))).toEqual({
      status: 403,
      code: 'HUB_IP_NOT_ALLOWED',
      seen: '203.0.113.9',
    });
    expect((await ask(PROXY, xff('192.0.2.1'))).status).toBe(200);
  });
});

onLinux('a hub without clients', () => {
  beforeAll(() => start(PROXY, []));
  afterAll(() => hub.stop());

  it('serves nobody', async () => {
    for (const from of [PROXY, DIRECT]) expect((await ask(from, xff('192.0.2.1'))).status).toBe(401);
    expect((await ask(DIRECT, [], KEY)).status).toBe(401);
  });
});

describe('HUB_TRUSTED_PROXIES that is no list of addresses', () => {
  it.each([
    'true',
    '1',
    'all',
    'loopback',
    '10.0.0.0/33',
    '10.0.0.0/8,,',
    'proxy.example',
    '10.0.0.1-10.0.0.9',
  ])('%s is refused at the start', async (value) => {
    await expect(start(value)).rejects.toThrow(/HUB_TRUSTED_PROXIES: must be/);
  });
});
