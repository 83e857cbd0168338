import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { makeCertificate } from '../../../../test/support/certificates.js';
import { freePort } from '../../../../test/support/free-port.js';
import { accessTo, RedisServer, stopRedisServers } from '../../../../test/support/redis-server.js';
import { createRedis } from './redis-clients.js';
import { probeRedis } from './redis-probe.js';

/** Redis as companies run it: TLS with client certificates, and a user with the least rights. */

afterEach(stopRedisServers);

describe('the rights of docs/redis.md', () => {
  const page = readFileSync(new URL('../../../../docs/redis.md', import.meta.url), 'utf8');
  const [, line = ''] = /`ACL SETUSER hub reset on ><password> ([^`]+)`/.exec(page) ?? [];
  const rules = line.split(' ');

  it('suffice, and doctor names each that is left out', async () => {
    const redis = await RedisServer.start();
    const lackingWithout = async (left?: string) => {
      const kept = rules.filter((rule) => rule !== left);
      await redis.admin.call('ACL', 'SETUSER', 'hub', 'reset', 'on', '>pw', ...kept);
      const { servers } = await probeRedis(accessTo(`redis://hub:pw@${redis.place}`), 'wxhub:');
      const { needed = [], optional = [] } = servers[0]?.lacking ?? {};
      return [...needed, ...optional];
    };
    expect(rules.length).toBeGreaterThan(15);
    expect(await lackingWithout()).toEqual([]);
    for (const rule of rules) {
      const name = rule.startsWith('~') ? 'keys' : rule.startsWith('&') ? 'channel' : rule.slice(1);
      expect([rule, await lackingWithout(rule)]).toEqual([rule, [name]]);
    }
  }, 30_000);
});

it('TLS with a client certificate: refused without, taken up anew when the files change', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'redis-tls-'));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const authority = await makeCertificate('authority', { isAuthority: true });
  const stranger = await makeCertificate('stranger', { isAuthority: true });
  const server = await makeCertificate('redis', { issuer: authority });
  const client = await makeCertificate('hub', { issuer: authority });
  const foreign = await makeCertificate('hub', { issuer: stranger });
  const port = await freePort();
  const ca = file('ca.crt', authority.cert);
  const child = spawn(
    'redis-server',
    [
      ...['--port', '0', '--tls-port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder],
      ...['--tls-cert-file', file('redis.crt', server.cert), '--tls-key-file', file('redis.key', server.key)],
      ...['--tls-ca-cert-file', ca, '--tls-auth-clients', 'yes'],
    ],
    { stdio: 'ignore' },
  );
  try {
    const access = accessTo(`rediss://127.0.0.1:${port}`, {
      HUB_REDIS_CA_FILE: ca,
      HUB_REDIS_CERT_FILE: file('hub.crt', foreign.cert),
      HUB_REDIS_KEY_FILE: file('hub.key', foreign.key),
    });
    const answer = async (): Promise<string> => {
      const redis = createRedis(access, 'test', undefined);
      redis.on('error', () => undefined);
      try {
        await redis.connect();
        return await redis.ping();
      } catch {
        return 'refused';
      } finally {
        redis.disconnect();
      }
    };
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await answer()).toBe('refused');
    file('hub.crt', client.cert);
    file('hub.key', client.key);
    expect(await answer()).toBe('PONG');
    file('hub.key', 'half of a rotation');
    expect(await answer()).toBe('PONG');
    file('ca.crt', stranger.cert);
    file('hub.key', client.key);
    expect(await answer()).toBe('refused');
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}, 30_000);
