import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { request as tlsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { base64url, exportSPKI, SignJWT } from 'jose';
import { Identities } from '../../src/identities/identities.service.js';
import { makeCertificate } from '../support/certificates.js';
import { eventually } from '../support/eventually.js';
import { AUDIENCE, Issuer, signingKey, SUBJECT, type SigningKey } from '../support/issuer.js';
import { bearer, testKey } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

const ADMIN = testKey('admin');
const APPS = [{ appid: 'wx-shop', secret: 'simulated-secret-shop' }];
const TOKEN = '/v1/apps/wx-shop/token';
const OPERATOR = { id: 'operator', key: ADMIN, apps: '*', may: ['admin', 'read'] };
const ORDERS = { id: 'orders', apps: ['wx-shop'], identities: [{ issuer: 'cluster', subject: SUBJECT }] };

let virtual: VirtualHub;
let issuer: Issuer;
let key: SigningKey;
let others: SigningKey;

beforeAll(async () => {
  key = await signingKey('first', 'RS256');
  others = await signingKey('first', 'RS256');
});

afterEach(async () => {
  await virtual.stop();
  await issuer.stop();
});

async function start(
  options: { client?: object; issuer?: object; keys?: SigningKey[]; before?: () => void } = {},
): Promise<void> {
  issuer = await Issuer.start(...(options.keys ?? [key]));
  options.before?.();
  const entry = { id: 'cluster', issuer: issuer.url, audience: AUDIENCE, ...options.issuer };
  virtual = await VirtualHub.start({
    apps: APPS,
    clients: [{ ...ORDERS, ...options.client }, OPERATOR],
    issuers: [entry],
  });
  issuer.now = () => virtual.clock.wallNow();
}

const ask = async (token: string) => virtual.hub.get(TOKEN, bearer(token));
const reasons = () =>
  virtual.hub.log.flatMap((line) => {
    const { act, reason } = JSON.parse(line) as { act?: string; reason?: string };
    return act === 'request.denied' ? [reason] : [];
  });
const entryOfIssuer = () => ({ id: 'cluster', issuer: issuer.url, audience: AUDIENCE });
const jwks = () => issuer.requests.filter(({ path }) => path === '/jwks').length;
const failure = () => virtual.hub.app.get(Identities).statuses[0]?.failure;
const read = () => virtual.hub.app.get(Identities).statuses[0]?.keys ?? 0;

describe('a token of an issuer in the place of a key', () => {
  it.each(['RS256', 'ES256', 'EdDSA'])('lets its client in: %s', async (alg) => {
    await start({ keys: [await signingKey('k', alg)] });
    const token = await issuer.token();
    for (let times = 0; times < 3; times += 1) expect((await ask(token)).status).toBe(200);
    expect(jwks()).toBe(1);
    const { text } = await virtual.hub.get(`${virtual.hub.opsUrl}/metrics`);
    expect(text).toContain(`wxhub_client_requests_total{client="orders",key="cluster/${SUBJECT}"} 3`);
    expect(text).toContain('wxhub_issuer_keys{issuer="cluster"} 1');
  });

  it('is for its apps and acts alone, and takes a list of audiences', async () => {
    await start();
    const token = await issuer.token({ aud: ['another', AUDIENCE] });
    expect((await ask(token)).status).toBe(200);
    expect((await virtual.hub.get('/v1/apps/wx-else/token', bearer(token))).json.code).toBe(
      'HUB_NOT_GRANTED',
    );
    expect((await virtual.hub.post('/admin/reload', undefined, bearer(token))).status).toBe(403);
  });

  it('needs an address of allowIps as well', async () => {
    await start({ client: { allowIps: ['192.0.2.0/24'] } });
    const { status, json } = await ask(await issuer.token());
    expect([status, json.code]).toEqual([403, 'HUB_IP_NOT_ALLOWED']);
  });

  it('makes nobody with identities known by its address', async () => {
    await start({ client: { allowIps: ['127.0.0.1'] } });
    expect((await virtual.hub.get(TOKEN)).status).toBe(401);
  });

  it('is no secret of the drop-in', async () => {
    await start();
    const token = await issuer.token();
    const { json } = await virtual.hub.get(
      `/cgi-bin/token?grant_type=client_credential&appid=wx-shop&secret=${token}`,
    );
    expect(json.errcode).toBe(40125);
  });

  it('names issuer and subject in the audit log', async () => {
    await start({ client: { may: ['admin', 'read'] } });
    await virtual.hub.post('/admin/apps/wx-shop/refresh', {}, bearer(await issuer.token()));
    await ask(await issuer.token({ sub: 'system:serviceaccount:shop:stranger' }));
    const audit = virtual.hub.log
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ log }) => log === 'audit');
    expect(audit).toContainEqual(
      expect.objectContaining({ act: 'app.refresh', client: 'orders', issuer: 'cluster', subject: SUBJECT }),
    );
    expect(audit).toContainEqual(
      expect.objectContaining({
        reason: 'unknown_identity',
        issuer: 'cluster',
        subject: 'system:serviceaccount:shop:stranger',
        detail: expect.stringContaining('no client has this issuer and subject'),
      }),
    );
  });
});

describe('what an attacker tries', () => {
  const encoded = (value: unknown) => base64url.encode(JSON.stringify(value));
  const now = () => Math.floor(virtual.clock.wallNow() / 1000);
  const claims = () => ({ iss: issuer.url, aud: AUDIENCE, sub: SUBJECT, exp: now() + 600 });

  const ATTACKS: readonly [string, string, () => Promise<string>][] = [
    [
      'alg none',
      'refused_algorithm',
      () => Promise.resolve(`${encoded({ alg: 'none' })}.${encoded(claims())}.`),
    ],
    [
      'alg nOnE',
      'refused_algorithm',
      () => Promise.resolve(`${encoded({ alg: 'nOnE' })}.${encoded(claims())}.AA`),
    ],
    [
      'HS256 with the text of the public key',
      'refused_algorithm',
      async () =>
        new SignJWT(claims())
          .setProtectedHeader({ alg: 'HS256', kid: 'first' })
          .sign(new TextEncoder().encode(await exportSPKI(key.publicKey))),
    ],
    ['another’s key under the same kid', 'wrong_signature', () => issuer.token({}, others)],
    ['a jwk in the header', 'wrong_signature', () => issuer.token({}, others, { jwk: others.jwk })],
    ['a jku in the header', 'wrong_signature', () => issuer.token({}, others, { jku: `${issuer.url}/mine` })],
    [
      'a kid that is a path',
      'unknown_signing_key',
      () => issuer.token({}, others, { kid: '../../dev/null' }),
    ],
    ['a kid of prototypes', 'unknown_signing_key', () => issuer.token({}, others, { kid: '__proto__' })],
    [
      'a kid that is no text',
      'malformed_token',
      () => Promise.resolve(`${encoded({ alg: 'RS256', kid: { a: 1 } })}.${encoded(claims())}.AAAA`),
    ],
    ['no kid, another’s key', 'wrong_signature', () => issuer.token({}, others, { kid: undefined })],
    [
      'ES256 said of an RSA key',
      'unknown_signing_key',
      async () => (await issuer.token()).replace(/^[^.]+/, encoded({ alg: 'ES256', kid: 'first' })),
    ],
    ['another audience', 'wrong_audience', () => issuer.token({ aud: 'https://kubernetes.default.svc' })],
    ['no audience', 'wrong_audience', () => issuer.token({ aud: undefined })],
    ['another issuer', 'unknown_issuer', () => issuer.token({ iss: 'https://evil.example' })],
    ['no issuer', 'malformed_token', () => issuer.token({ iss: undefined })],
    ['no exp', 'incomplete_token', () => issuer.token({ exp: undefined })],
    ['no sub', 'incomplete_token', () => issuer.token({ sub: undefined })],
    ['ended', 'expired_token', () => issuer.token({ exp: now() - 31 })],
    ['not begun', 'early_token', () => issuer.token({ nbf: now() + 31 })],
    ['a subject with more behind it', 'unknown_identity', () => issuer.token({ sub: `${SUBJECT}2` })],
    [
      'crit',
      'malformed_token',
      async () =>
        (await issuer.token()).replace(/^[^.]+/, encoded({ alg: 'RS256', kid: 'first', crit: ['exp'] })),
    ],
    ['a token of another purpose', 'malformed_token', () => issuer.token({}, key, { typ: 'logout+jwt' })],
    ['nothing between the dots', 'malformed_token', () => Promise.resolve('..')],
    ['5 parts', 'malformed_token', async () => `${await issuer.token()}.a.b`],
    [
      'other bits that no byte has room for',
      'malformed_token',
      async () => (await issuer.token()).replace(/.$/, (last) => String.fromCharCode(last.charCodeAt(0) + 1)),
    ],
  ];

  it.each(ATTACKS)('%s: %s', async (_attack, reason, make) => {
    await start();
    const { status, json, text } = await ask(await make());
    expect([status, json.code]).toEqual([401, 'HUB_UNAUTHENTICATED']);
    expect(text).not.toContain('access_token');
    expect(reasons()).toEqual([reason]);
  });

  it('is slowed down as with keys', async () => {
    await start();
    const bad = await issuer.token({}, others);
    for (let times = 0; times < 20; times += 1) expect((await ask(bad)).status).toBe(401);
    expect((await ask(bad)).status).toBe(429);
    expect((await ask(await issuer.token())).status).toBe(200);
  });

  it('a flood of unknown kids asks the issuer once in 30 s', async () => {
    await start();
    await eventually(() => read() === 1);
    const flood = async (from: number) => {
      const tokens = [...Array(30).keys()].map((n) => issuer.token({}, others, { kid: `k${from + n}` }));
      await Promise.all((await Promise.all(tokens)).map(ask));
    };
    await flood(0);
    await flood(100);
    expect(jwks()).toBe(2);
    await virtual.clock.advance(30_000);
    await flood(200);
    expect(jwks()).toBe(3);
  });
});

describe('an issuer in trouble', () => {
  it.each([
    ['is away', (i: Issuer) => (i.instead = (request) => request.socket.destroy())],
    [
      'answers without end',
      (i: Issuer) =>
        (i.instead = (_request, response) => {
          const chunk = Buffer.alloc(65_536, 0x20);
          const pour = (): void => {
            while (!response.destroyed && response.write(chunk));
          };
          response.on('drain', pour);
          pour();
        }),
    ],
    [
      'redirects',
      (i: Issuer) => {
        const { url } = i;
        i.instead = ({ url: path }, response) => {
          if (path?.startsWith('/moved') === true) response.end(JSON.stringify({ keys: [key.jwk] }));
          else response.writeHead(302, { location: `${url}/moved` }).end();
        };
      },
    ],
    [
      'has keys at a plain http address elsewhere',
      (i: Issuer) =>
        (i.instead = (_request, response) =>
          response.end(JSON.stringify({ issuer: i.url, jwks_uri: 'http://192.0.2.1/jwks' }))),
    ],
    [
      'is another',
      (i: Issuer) =>
        (i.instead = (_request, response) =>
          response.end('{"issuer":"https://evil.example","jwks_uri":"https://evil.example/jwks"}')),
    ],
    [
      'gives a secret key',
      (i: Issuer) =>
        (i.instead = (_request, response) =>
          response.end('{"keys":[{"kty":"oct","k":"AAAA","kid":"first"}]}')),
    ],
  ])('that %s is believed nothing, and costs keys nothing', async (_trouble, make) => {
    await start({ before: () => make(issuer) });
    await eventually(() => failure() !== undefined);
    const token = await issuer.token();
    expect((await ask(token)).status).toBe(401);
    expect(reasons()).toEqual(['issuer_unavailable']);
    expect((await virtual.hub.get(TOKEN, bearer(ADMIN))).status).toBe(200);
  });

  it('that hangs delays a token by 5 s, and nobody else', async () => {
    await start({ before: () => (issuer.instead = () => undefined) });
    await eventually(() => issuer.requests.length === 1);
    const waiting = ask(await issuer.token());
    expect((await virtual.hub.get(TOKEN, bearer(ADMIN))).status).toBe(200);
    await virtual.clock.advance(5000);
    expect((await waiting).status).toBe(401);
  });

  it('that goes away later costs nobody anything for 24 h', async () => {
    await start();
    expect((await ask(await issuer.token())).status).toBe(200);
    issuer.instead = (request) => request.socket.destroy();
    await virtual.clock.advance(23 * 3_600_000);
    expect((await ask(await issuer.token())).status).toBe(200);
    await virtual.clock.advance(2 * 3_600_000);
    expect((await ask(await issuer.token())).status).toBe(401);
  });

  it('whose keys rotate is asked at once', async () => {
    await start();
    expect((await ask(await issuer.token())).status).toBe(200);
    const next = await signingKey('second', 'ES256');
    issuer.keys = [next];
    expect((await ask(await issuer.token())).status).toBe(200);
  });
});

describe('a right that is taken away', () => {
  const reload = async () => {
    expect((await virtual.hub.post('/admin/reload', undefined, bearer(ADMIN))).status).toBe(200);
  };
  const CHANGES: readonly [string, () => void][] = [
    [
      'its client',
      () => {
        virtual.hub.writeApps(APPS, [OPERATOR]);
      },
    ],
    [
      'its identity',
      () => {
        virtual.hub.writeApps(APPS, [
          { ...ORDERS, identities: [{ issuer: 'cluster', subject: 'other' }] },
          OPERATOR,
        ]);
      },
    ],
    [
      'its issuer',
      () => {
        virtual.hub.writeApps(
          APPS,
          [{ ...ORDERS, identities: [{ certificate: 'spiffe://x' }] }, OPERATOR],
          [],
          [],
        );
      },
    ],
    [
      'its audience',
      () => {
        virtual.hub.writeApps(APPS, [ORDERS, OPERATOR], [], [{ ...entryOfIssuer(), audience: 'other' }]);
      },
    ],
  ];

  it.each(CHANGES)(
    'is gone at once for a token that was remembered, and for a request that waits: %s',
    async (_what, change) => {
      await start();
      const token = await issuer.token();
      const first = await ask(token);
      const waiting = virtual.hub.get(TOKEN, {
        ...bearer(token),
        'if-none-match': String(first.headers.get('etag')),
        prefer: 'wait=50',
      });
      await virtual.clock.advance(0);
      change();
      await reload();
      expect((await waiting).status).toBe(401);
      expect((await ask(token)).status).toBe(401);
    },
  );

  it('a token that ends is refused, though it is remembered', async () => {
    await start();
    const token = await issuer.token({ exp: Math.floor(virtual.clock.wallNow() / 1000) + 60 });
    expect((await ask(token)).status).toBe(200);
    await virtual.clock.advance(89_000);
    expect((await ask(token)).status).toBe(200);
    await virtual.clock.advance(1000);
    expect((await ask(token)).status).toBe(401);
    expect(reasons()).toEqual(['expired_token']);
  });
});

describe('a client certificate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hub-identities-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const URI = 'spiffe://prod/order-service';

  async function startTls(client: object) {
    const authority = await makeCertificate('authority', { isAuthority: true });
    const own = await makeCertificate('hub', { issuer: authority });
    const put = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    issuer = await Issuer.start();
    virtual = await VirtualHub.start({
      apps: APPS,
      clients: [{ id: 'orders', apps: '*', identities: [{ certificate: URI }], ...client }],
      environment: {
        HUB_TLS_CERT_FILE: put('cert.pem', own.cert),
        HUB_TLS_KEY_FILE: put('key.pem', own.key),
        HUB_TLS_CLIENT_CA_FILE: put('ca.pem', authority.cert),
      },
    });
    return (uris: string[], headers = {}) =>
      makeCertificate('caller', { issuer: authority, uris }).then(
        (shown) =>
          new Promise<number | undefined>((resolve, reject) => {
            const options = { ...shown, agent: false, rejectUnauthorized: false, path: TOKEN, headers };
            tlsRequest({ host: '127.0.0.1', port: virtual.hub.port, ...options }, (answer) => {
              answer.resume().on('end', () => {
                resolve(answer.statusCode);
              });
            })
              .on('error', reject)
              .end();
          }),
      );
  }

  it('lets in who has the name, exactly, and no browser', async () => {
    const call = await startTls({});
    expect(await call([URI])).toBe(200);
    expect(await call(['spiffe://prod/other', URI])).toBe(200);
    expect(await call([`${URI}2`])).toBe(401);
    expect(await call(['spiffe://prod/x, URI:spiffe://prod/order-service'])).toBe(401);
    expect(await call([URI], { origin: 'https://evil.example' })).toBe(403);
    // What is sent decides: a wrong key beside a good certificate is a wrong key.
    expect(await call([URI], bearer(testKey('wrong')))).toBe(401);
  });

  it('needs an address of allowIps as well', async () => {
    const call = await startTls({ allowIps: ['192.0.2.0/24'] });
    expect(await call([URI])).toBe(403);
  });
});
