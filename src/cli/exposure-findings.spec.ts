import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { makeCertificate } from '../../test/support/certificates.js';
import { parseAddressSet } from '../core/access/address.js';
import { parseRedisUrl } from '../config/environment/redis-url.js';
import { certificateFindings, listenerFindings, redisWayFindings } from './exposure-findings.js';

const rangesOf = (...ranges: string[]) => {
  const parsed = parseAddressSet(ranges);
  if (!parsed.ok) throw new Error('no ranges');
  return parsed.set;
};
const HUB = {
  host: '0.0.0.0',
  port: 3000,
  opsPort: 9090,
  tlsCertFile: undefined as string | undefined,
  tlsClientCaFile: undefined,
  trustedProxies: rangesOf(),
  wechatBaseUrl: 'https://api.weixin.qq.com',
};
const told = (findings: readonly { what: string; result: string }[]) =>
  findings.map(({ what, result }) => `${result} ${what}`);
const WITHOUT_HTTPS = 'warning callers’ port';
const OPEN_OPS = 'warning ops port';

describe('what listens', () => {
  it.each<[string, Partial<typeof HUB>, readonly string[], readonly string[]]>([
    ['plain HTTP for everybody', {}, ['10.0.0.5'], [WITHOUT_HTTPS]],
    ['on an address inside', { host: '10.0.0.5' }, [], [WITHOUT_HTTPS]],
    ['on the loopback', { host: '127.0.0.1' }, ['8.8.8.8'], []],
    ['HTTPS', { tlsCertFile: 'x' }, ['10.0.0.5'], []],
    ['behind a proxy', { trustedProxies: rangesOf('10.0.0.0/8') }, ['10.0.0.5'], []],
    ['the machine has a public address', { tlsCertFile: 'x' }, ['10.0.0.5', '8.8.8.8'], [OPEN_OPS]],
    ['a public IPv6 address', { host: '::', tlsCertFile: 'x' }, ['fe80::1', '2600::1'], [OPEN_OPS]],
    ['a public HUB_HOST', { host: '8.8.8.8', tlsCertFile: 'x' }, [], [OPEN_OPS]],
    ['it does not listen there', { host: '10.0.0.5', tlsCertFile: 'x' }, ['8.8.8.8'], []],
    [
      'plain to WeChat',
      { tlsCertFile: 'x', wechatBaseUrl: 'http://wechat.corp' },
      [],
      ['warning way to WeChat'],
    ],
    ['plain to a simulator here', { tlsCertFile: 'x', wechatBaseUrl: 'http://127.0.0.1:1' }, [], []],
  ])('%s', (_what, some, addresses, expected) => {
    expect(told(listenerFindings({ ...HUB, ...some }, addresses))).toEqual(expected);
  });
});

describe('the way to Redis', () => {
  it.each<[string, boolean, readonly string[]]>([
    ['redis://127.0.0.1:6379', false, []],
    ['redis://redis.corp:6379', true, ['warning way to Redis']],
    ['redis://:password@redis.corp:6379', false, ['warning way to Redis', 'warning tokens in Redis']],
    ['rediss://redis.corp:6379', false, ['warning tokens in Redis']],
    ['rediss://redis.corp:6379', true, []],
    ['redis+cluster://127.0.0.1:1,10.0.0.1:1', true, ['warning way to Redis']],
  ])('%s, encrypted: %s', (url, isEncrypted, expected) => {
    const findings = redisWayFindings(parseRedisUrl(url), isEncrypted);
    expect(told(findings)).toEqual(expected);
    expect(JSON.stringify(findings)).not.toContain(':password');
  });
});

describe('the certificate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hub-exposure-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const written = (name: string, text: string) => {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  };
  const DAY_MS = 86_400_000;

  it('a good one, one that ends soon, one that has ended', async () => {
    const notAfter = new Date(Date.now() + 30 * DAY_MS);
    const file = written('good', (await makeCertificate('hub', { notAfter })).cert);
    const after = (days: number) => told(certificateFindings(file, Date.now() + days * DAY_MS));
    expect([after(0), after(20), after(31)]).toEqual([['ok HTTPS'], ['warning HTTPS'], ['problem HTTPS']]);
  });

  it('a weak key', async () => {
    const { cert } = await generate([{ name: 'commonName', value: 'hub' }], {
      keyType: 'rsa',
      keySize: 1024,
    });
    const [finding] = certificateFindings(written('weak', cert), Date.now());
    expect(finding).toMatchObject({ result: 'warning', detail: expect.stringContaining('1024 bits') });
  });

  it('none, and what is none', () => {
    expect(certificateFindings(undefined, 0)).toEqual([]);
    expect(told(certificateFindings(written('none', 'no certificate'), 0))).toEqual(['problem HTTPS']);
    expect(told(certificateFindings(join(folder, 'missing'), 0))).toEqual(['problem HTTPS']);
  });
});
