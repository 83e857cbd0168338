import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { Agent, request, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { makeCertificate, type Certificate } from '../support/certificates.js';
import { bearer, testKey } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

const KEY = testKey('https');
const TOKEN = '/v1/apps/wx-https/token';
/** The files are compared each 5 s on the hub's clock. */
const LOOK_MS = 5000;

let folder: string;
let virtual: VirtualHub;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hub-https-'));
});

afterEach(async () => {
  await virtual.stop();
  rmSync(folder, { recursive: true, force: true });
});

function put(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function putPair({ cert, key }: Certificate): void {
  put('cert.pem', cert);
  put('key.pem', key);
}

async function start(environment: Record<string, string> = {}): Promise<void> {
  virtual = await VirtualHub.start({
    apps: [{ appid: 'wx-https', secret: 'simulated-secret-of-wx-https' }],
    clients: [{ id: 'https', key: KEY, apps: '*' }],
    environment: {
      HUB_TLS_CERT_FILE: join(folder, 'cert.pem'),
      HUB_TLS_KEY_FILE: join(folder, 'key.pem'),
      ...environment,
    },
  });
}

interface TlsAnswer {
  readonly status: number | undefined;
  readonly text: string;
  /** The common name of the certificate that the hub showed. */
  readonly shown: string | undefined;
  readonly isReused: boolean;
}

/** Over a connection of its own unless `options` has an agent. Rejects where the handshake fails. */
function ask(options: RequestOptions = {}): Promise<TlsAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port: virtual.hub.port,
        path: TOKEN,
        headers: bearer(KEY),
        agent: false,
        rejectUnauthorized: false,
        ...options,
      },
      (response) => {
        const shown = (response.socket as TLSSocket).getPeerCertificate().subject.CN;
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => {
          resolve({
            status: response.statusCode,
            text,
            shown: Array.isArray(shown) ? shown[0] : shown,
            isReused: outgoing.reusedSocket,
          });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

const shown = async () => (await ask()).shown;
const troubles = () => virtual.hub.log.filter((line) => line.includes('certificate not reloaded'));

describe('HTTPS on the callers’ port', () => {
  it('serves the token to who trusts the certificate; the ops port stays plain', async () => {
    const own = await makeCertificate('authority', { isAuthority: true });
    putPair(await makeCertificate('hub', { issuer: own }));
    await start();
    const { status, text } = await ask({ ca: own.cert, rejectUnauthorized: true });
    expect(status).toBe(200);
    expect(virtual.simulator.isAlive((JSON.parse(text) as { access_token: string }).access_token)).toBe(true);
    await expect(ask({ rejectUnauthorized: true })).rejects.toMatchObject({
      code: expect.stringMatching(/CERT|VERIFY/),
    });
    expect((await virtual.hub.get(`${virtual.hub.opsUrl}/readyz`)).status).toBe(200);
  });

  it('answers nothing to plain HTTP', async () => {
    putPair(await makeCertificate('hub'));
    await start();
    const answer = await virtual.hub.raw(
      `GET ${TOKEN} HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer ${KEY}\r\n\r\n`,
    );
    expect(answer.status).toBe(0);
    expect(answer.text).not.toContain('access_token');
  });

  it('speaks nothing older than TLS 1.2', async () => {
    putPair(await makeCertificate('hub'));
    await start();
    await expect(
      ask({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' }),
    ).rejects.toThrow();
    expect((await ask({ maxVersion: 'TLSv1.2' })).status).toBe(200);
  });
});

describe('a certificate that is replaced on disk', () => {
  it('is shown to new connections, again and again; open ones stay', async () => {
    const endsAt = () => `wxhub_tls_certificate_expiry_timestamp_seconds ${end.getTime() / 1000}`;
    let end = new Date('2031-05-06T07:08:09Z');
    putPair(await makeCertificate('hub-0', { notAfter: end }));
    await start();
    const metrics = async () => (await virtual.hub.get(`${virtual.hub.opsUrl}/metrics`)).text.split('\n');
    expect(await metrics()).toContain(endsAt());
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    expect((await ask({ agent })).shown).toBe('hub-0');
    for (let round = 1; round <= 5; round++) {
      end = new Date(end.getTime() + 86_400_000);
      putPair(await makeCertificate(`hub-${round}`, { notAfter: end }));
      expect(await shown()).toBe(`hub-${round - 1}`);
      expect(await metrics()).not.toContain(endsAt());
      await virtual.pass(LOOK_MS);
      expect(await metrics()).toContain(endsAt());
      expect(await shown()).toBe(`hub-${round}`);
      expect(await ask({ agent })).toMatchObject({ status: 200, isReused: true });
    }
    agent.destroy();
    const reloads = virtual.hub.log.filter((line) => line.includes('certificate reloaded'));
    expect(reloads).toHaveLength(5);
  });

  it('by a swap of symbolic links, as cert-manager’s Secrets are', async () => {
    const publish = async (round: number) => {
      const { cert, key } = await makeCertificate(`hub-${round}`);
      mkdirSync(join(folder, `..${round}`));
      writeFileSync(join(folder, `..${round}`, 'cert.pem'), cert);
      writeFileSync(join(folder, `..${round}`, 'key.pem'), key);
      symlinkSync(`..${round}`, join(folder, '..data_tmp'));
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
      if (round > 0) rmSync(join(folder, `..${round - 1}`), { recursive: true });
    };
    await publish(0);
    for (const name of ['cert.pem', 'key.pem']) symlinkSync(join('..data', name), join(folder, name));
    await start();
    for (let round = 1; round <= 3; round++) {
      await publish(round);
      await virtual.pass(LOOK_MS);
      expect(await shown()).toBe(`hub-${round}`);
    }
  });

  it('half of a pair leaves the old one in place, with one line in the log, until the other half comes', async () => {
    putPair(await makeCertificate('hub-old'));
    await start();
    const next = await makeCertificate('hub-next');
    put('cert.pem', next.cert);
    await virtual.pass(4 * LOOK_MS);
    expect(await shown()).toBe('hub-old');
    expect(troubles()).toHaveLength(1);
    put('key.pem', next.key);
    await virtual.pass(LOOK_MS);
    expect(await shown()).toBe('hub-next');
  });

  it.each<[string, () => unknown]>([
    ['an empty file', () => put('cert.pem', '')],
    [
      'the first half of a file',
      async () => put('cert.pem', (await makeCertificate('hub-cut')).cert.slice(0, 300)),
    ],
    ['a file that is gone', () => rmSync(join(folder, 'key.pem'))],
    ['something else', () => put('key.pem', 'not a key')],
  ])('%s leaves the old one in place', async (_what, spoil) => {
    putPair(await makeCertificate('hub-old'));
    await start();
    await spoil();
    await virtual.pass(2 * LOOK_MS);
    expect(await ask()).toMatchObject({ status: 200, shown: 'hub-old' });
    expect(troubles()).toHaveLength(1);
    putPair(await makeCertificate('hub-new'));
    await virtual.pass(LOOK_MS);
    expect(await shown()).toBe('hub-new');
  });

  it('that is the same is not reloaded', async () => {
    const pair = await makeCertificate('hub');
    putPair(pair);
    await start();
    putPair(pair);
    await virtual.pass(10 * LOOK_MS);
    expect(virtual.hub.log.filter((line) => line.includes('certificate'))).toEqual([]);
  });
});

const authority = await makeCertificate('clients-authority', { isAuthority: true });
const other = await makeCertificate('another-authority', { isAuthority: true });
const client = await makeCertificate('order-service', { issuer: authority });

describe('with HUB_TLS_CLIENT_CA_FILE', () => {
  const pairOf = ({ cert, key }: Certificate) => ({ cert, key });

  beforeEach(async () => {
    putPair(await makeCertificate('hub'));
    await start({ HUB_TLS_CLIENT_CA_FILE: put('ca.pem', authority.cert) });
  });

  it('a certificate of that authority is let in, and then needs its key as everybody', async () => {
    expect((await ask(pairOf(client))).status).toBe(200);
    expect((await ask({ ...pairOf(client), headers: {} })).status).toBe(401);
  });

  it.each<[string, () => Partial<RequestOptions> | Promise<Partial<RequestOptions>>]>([
    ['none', () => ({})],
    [
      'one of another authority',
      async () => pairOf(await makeCertificate('order-service', { issuer: other })),
    ],
    ['one that signed itself', async () => pairOf(await makeCertificate('order-service'))],
    [
      'one that has expired',
      async () =>
        pairOf(
          await makeCertificate('order-service', {
            issuer: authority,
            notAfter: new Date(Date.now() - 60_000),
          }),
        ),
    ],
    [
      'one that is not valid yet',
      async () =>
        pairOf(
          await makeCertificate('order-service', {
            issuer: authority,
            notBefore: new Date(Date.now() + 3600_000),
          }),
        ),
    ],
    [
      'one that a mere client has signed',
      async () => pairOf(await makeCertificate('order-service', { issuer: client })),
    ],
  ])('%s is refused in the handshake, right key or not', async (_what, pair) => {
    await expect(ask(await pair())).rejects.toMatchObject({ code: expect.any(String) });
    await expect(ask({ ...(await pair()), path: '/livez' })).rejects.toMatchObject({
      code: expect.any(String),
    });
  });

  it('the authority is replaced on disk as the certificate is', async () => {
    const late = await makeCertificate('order-service', { issuer: other });
    put('ca.pem', other.cert);
    await virtual.pass(LOOK_MS);
    expect((await ask(pairOf(late))).status).toBe(200);
    await expect(ask(pairOf(client))).rejects.toMatchObject({ code: expect.any(String) });
    put('ca.pem', authority.cert + other.cert);
    await virtual.pass(LOOK_MS);
    expect((await ask(pairOf(late))).status).toBe(200);
    expect((await ask(pairOf(client))).status).toBe(200);
  });
});
