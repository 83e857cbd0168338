import { jest } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HubProcess, type HubProcessOptions } from '../support/hub-process.js';
import { makeCertificate } from '../support/certificates.js';
import { testKey } from '../support/start-hub.js';

// A busy machine takes seconds to start a process.
jest.setTimeout(60_000);

/** A configuration that cannot be run: exit code 78, one line per problem on stderr, and nothing else. */

const APP = { appid: 'wx-start', secret: 'simulated-secret-of-wx-start' };
const CLIENT = { id: 'start', key: testKey('start'), apps: '*' };

let hub: HubProcess | undefined;

afterEach(async () => {
  await hub?.dispose();
});

async function refusalOf(options: HubProcessOptions): Promise<string[]> {
  hub = new HubProcess({ apps: [APP], clients: [CLIENT], ...options });
  const { code, signal } = await hub.exited;
  expect({ code, signal, stdout: hub.stdout }).toEqual({ code: 78, signal: null, stdout: [] });
  return hub.stderr;
}

describe('the environment', () => {
  it('is reported whole: one line for each wrong variable, without its value', async () => {
    const lines = await refusalOf({
      environment: {
        HUB_PORT: 'thirty',
        HUB_LOG_LEVEL: 'loud-and-clear',
        HUB_TRUSTED_PROXIES: 'true',
        HUB_WECHAT_BASE_URL: 'api.weixin.qq.com',
        HUB_TLS_CERT_FILE: '/nowhere/cert.pem',
        HUB_ENCRYPTION_KEYS: 'super-secret-without-an-id',
      },
    });
    expect(lines.map((line) => line.split(':')[0]).sort()).toEqual([
      'HUB_ENCRYPTION_KEYS',
      'HUB_LOG_LEVEL',
      'HUB_PORT',
      'HUB_TLS_KEY_FILE',
      'HUB_TRUSTED_PROXIES',
      'HUB_WECHAT_BASE_URL',
    ]);
    expect(lines.join('\n')).not.toMatch(/thirty|loud|super-secret/);
    for (const line of lines) expect(line).toMatch(/^HUB_[A-Z_]+: must .{10,}/);
  });

  it('with an unknown HUB_ variable: names it, and the one that was probably meant', async () => {
    const lines = await refusalOf({ environment: { HUB_REDIS_UR: 'redis://x', HUB_NONSENSE_X: '1' } });
    expect(lines).toHaveLength(2);
    expect(lines.join('\n')).toMatch(/HUB_REDIS_UR: is not a variable of the hub.*HUB_REDIS_URL/);
    expect(lines.join('\n')).toMatch(/HUB_NONSENSE_X: is not a variable of the hub/);
  });

  it('with what Kubernetes sets for a Service called hub: says so, once, and what to do', async () => {
    const lines = await refusalOf({
      environment: {
        HUB_PORT: 'tcp://10.96.0.17:3000',
        HUB_PORT_3000_TCP: 'tcp://10.96.0.17:3000',
        HUB_PORT_3000_TCP_ADDR: '10.96.0.17',
        HUB_PORT_3000_TCP_PORT: '3000',
        HUB_PORT_3000_TCP_PROTO: 'tcp',
        HUB_SERVICE_HOST: '10.96.0.17',
        HUB_SERVICE_PORT: '3000',
        HUB_SERVICE_PORT_HTTP: '3000',
      },
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^HUB_PORT: .*Kubernetes.*enableServiceLinks: false/);
  });

  it('where both ports are the same', async () => {
    const lines = await refusalOf({ environment: { HUB_PORT: '18000', HUB_OPS_PORT: '18000' } });
    expect(lines).toEqual([expect.stringMatching(/^HUB_OPS_PORT: must differ/)]);
  });
});

describe('apps.yaml', () => {
  it('is reported whole: one line for each problem, with file, line and path', async () => {
    const lines = await refusalOf({
      yaml: `version: 1
apps:
  - appid: wx-a
    secretEnv: NO_SUCH_VARIABLE
  - appid: wx-a
    secret: simulated-secret-of-wx-start
    tokenApi: tokn
clients:
  - id: anybody
    apps: [wx-typo]
`,
    });
    expect(lines.map((line) => line.split(': ')[0])).toEqual([
      'apps.yaml:4 apps[0].secretEnv',
      'apps.yaml:5 apps[1].appid',
      'apps.yaml:7 apps[1].tokenApi',
      'apps.yaml:9 clients[0]',
      'apps.yaml:10 clients[0].apps[0]',
    ]);
  });

  it('that is not there', async () => {
    const lines = await refusalOf({ environment: { HUB_APPS_FILE: 'elsewhere.yaml' } });
    expect(lines).toEqual([expect.stringMatching(/^elsewhere\.yaml:1.*cannot be read \(ENOENT\)/)]);
  });

  it('that is a folder', async () => {
    const lines = await refusalOf({ environment: { HUB_APPS_FILE: '.' } });
    expect(lines).toEqual([expect.stringMatching(/hub\.yaml.* is missing: a folder of tenants/)]);
  });

  it('that is no YAML', async () => {
    const lines = await refusalOf({ yaml: 'version: 1\napps: [\n' });
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).toMatch(/^apps\.yaml:\d+.*: /);
  });
});

describe('the certificate', () => {
  let folder: string;
  beforeEach(async () => {
    const { cert, key } = await makeCertificate('localhost');
    folder = mkdtempSync(join(tmpdir(), 'hub-tls-'));
    writeFileSync(join(folder, 'cert.pem'), cert);
    writeFileSync(join(folder, 'key.pem'), key);
    writeFileSync(join(folder, 'none.pem'), 'nothing');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['is not there', 'gone.pem', 'key.pem', /HUB_TLS_CERT_FILE.*cannot be read \(ENOENT\)/],
    ['is none', 'none.pem', 'key.pem', /HUB_TLS_CERT_FILE.*not a PEM certificate/],
    ['has no key', 'cert.pem', 'none.pem', /HUB_TLS_KEY_FILE/],
  ])('that %s', async (_what, cert, key, message) => {
    const lines = await refusalOf({
      environment: { HUB_TLS_CERT_FILE: join(folder, cert), HUB_TLS_KEY_FILE: join(folder, key) },
    });
    expect(lines).toEqual([expect.stringMatching(message)]);
  });

  it('authorities of which there are none', async () => {
    const lines = await refusalOf({
      environment: {
        HUB_TLS_CERT_FILE: join(folder, 'cert.pem'),
        HUB_TLS_KEY_FILE: join(folder, 'key.pem'),
        HUB_TLS_CLIENT_CA_FILE: join(folder, 'key.pem'),
      },
    });
    expect(lines).toEqual([expect.stringMatching(/^HUB_TLS_CLIENT_CA_FILE: .*no PEM certificate/)]);
  });
});
