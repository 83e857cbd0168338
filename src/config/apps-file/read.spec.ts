import { parseAddress } from '../../core/access/address.js';
import { built, HASH_1, problemsOf, SECRET } from './spec-support.js';

const OF_WECHAT = { kind: 'wechat', corpid: undefined, agentId: undefined, baseUrl: undefined };

describe('a good apps.yaml', () => {
  it('gives apps and clients with the defaults filled in', () => {
    const result = built(
      `
version: 1
defaults:
  tokenApi: token
  refreshAheadSeconds: 600
  tickets: [jsapi]
apps:
  - appid: wx0123456789abcdef
    name: Shop mini program
    secretEnv: SHOP_APPSECRET
    tokenApi: stable_token
    tickets: [jsapi, wx_card]
  - { appid: wx22, secretFile: secrets/wx22, reconcileSeconds: 5, tickets: [] }
  - { appid: wx333, secret: "${SECRET}" }
clients:
  - id: order-service
    keys:
      - id: "2026-11"
        sha256: ${HASH_1.toUpperCase()}
        expiresAt: 2027-11-30T00:00:00+08:00
      - { id: next, sha256: ${'a'.repeat(64)} }
    allowIps: [10.0.0.0/8, "2001:db8::/32"]
    apps: [wx0123456789abcdef]
    may: [read, gateway]
    gatewayPaths: ["/wxa/*", /cgi-bin/message/send]
    requestsPerMinute: 10
  - { id: by-address, allowIps: [192.0.2.1], apps: "*" }
  - { id: operator, keys: [{ id: a, sha256: ${'b'.repeat(64)} }], apps: [], may: [admin] }
`,
      { env: { SHOP_APPSECRET: 'from-env' }, files: { '/etc/hub/secrets/wx22': 'from-file\n' } },
    );
    expect(result.apps.map((app) => ({ ...app, secret: app.secret.reveal() }))).toEqual([
      {
        ...OF_WECHAT,
        appid: 'wx0123456789abcdef',
        name: 'Shop mini program',
        secret: 'from-env',
        tokenApi: 'stable_token',
        refreshAheadSeconds: 600,
        reconcileSeconds: 300,
        tickets: ['jsapi', 'wx_card'],
      },
      {
        ...OF_WECHAT,
        appid: 'wx22',
        name: undefined,
        secret: 'from-file',
        tokenApi: 'token',
        refreshAheadSeconds: 600,
        reconcileSeconds: 5,
        tickets: [],
      },
      {
        ...OF_WECHAT,
        appid: 'wx333',
        name: undefined,
        secret: SECRET,
        tokenApi: 'token',
        refreshAheadSeconds: 600,
        reconcileSeconds: 300,
        tickets: ['jsapi'],
      },
    ]);
    const [order, byAddress, operator] = result.clients;
    expect({ ...order, allowIps: undefined }).toEqual({
      id: 'order-service',
      identities: [],
      keys: [
        { id: '2026-11', sha256: HASH_1, expiresAt: Date.UTC(2027, 10, 29, 16) },
        { id: 'next', sha256: 'a'.repeat(64), expiresAt: undefined },
      ],
      allowIps: undefined,
      apps: new Set(['wx0123456789abcdef']),
      may: new Set(['read', 'gateway']),
      gatewayPaths: ['/wxa/*', '/cgi-bin/message/send'],
      requestsPerMinute: 10,
    });
    expect(order?.allowIps?.has(parseAddress('10.9.9.9')!)).toBe(true);
    expect(order?.allowIps?.has(parseAddress('11.0.0.1')!)).toBe(false);
    expect(byAddress).toMatchObject({
      keys: [],
      apps: '*',
      gatewayPaths: undefined,
      requestsPerMinute: 6000,
    });
    expect(byAddress?.may).toEqual(new Set(['read', 'report']));
    expect(operator).toMatchObject({ allowIps: undefined, apps: new Set() });
  });

  it.each([
    ['no clients', 'version: 1\napps: []'],
    ['an empty list of clients', 'version: 1\napps: []\nclients: []'],
    ['CRLF line ends', 'version: 1\r\napps: []\r\n'],
    ['a byte order mark', '\uFEFFversion: 1\napps: []\n'],
    ['JSON, which is YAML', '{"version": 1, "apps": []}'],
    ['a document start and end', '---\nversion: 1\napps: []\n...\n'],
  ])('may have %s', (_, text) => {
    expect(problemsOf(text)).toEqual([]);
  });
});
