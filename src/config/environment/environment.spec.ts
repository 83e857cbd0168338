import { inspect } from 'node:util';
import { parseAddress } from '../../core/access/address.js';
import { knownVariables } from './decorators.js';
import type { HubEnvironment } from './environment.js';
import { parseEnvironment } from './parse.js';

function parsed(env: Record<string, string | undefined>): HubEnvironment {
  const result = parseEnvironment(env);
  if (!result.ok) throw new Error(result.problems.join('\n'));
  return result.environment;
}

function problemsOf(env: Record<string, string | undefined>): readonly string[] {
  const result = parseEnvironment(env);
  return result.ok ? [] : result.problems;
}

const KEY_1 = Buffer.alloc(32, 1).toString('base64');
const KEY_2 = Buffer.alloc(32, 2).toString('base64');

describe('parseEnvironment', () => {
  it('gives the defaults of the contract where nothing is set', () => {
    const { trustedProxies, ...others } = parsed({ PATH: '/bin', OTHER_HUB_THING: 'x' });
    expect(others).toEqual({
      appsFile: 'apps.yaml',
      host: '0.0.0.0',
      port: 3000,
      opsPort: 9090,
      redisUrl: undefined,
      secretsDir: '/etc/wechat-token-hub/secrets',
      redisCaFile: undefined,
      redisCertFile: undefined,
      redisKeyFile: undefined,
      redisSentinelUsername: undefined,
      redisSentinelPassword: undefined,
      redisPrefix: 'wxhub:',
      encryptionKeys: [],
      wechatBaseUrl: 'https://api.weixin.qq.com',
      wecomBaseUrl: 'https://qyapi.weixin.qq.com',
      outboundProxy: undefined,
      wechatTimeoutMs: 5000,
      gatewayTimeoutMs: 30_000,
      tlsCertFile: undefined,
      tlsKeyFile: undefined,
      tlsClientCaFile: undefined,
      name: undefined,
      timeZone: undefined,
      logLevel: 'info',
      accessLog: 'errors',
      auditLog: 'stdout',
      consoleOpen: false,
    });
    expect(trustedProxies.ranges).toEqual([]);
  });

  it('knows exactly these variables', () => {
    expect(knownVariables().sort()).toEqual([
      'HUB_ACCESS_LOG',
      'HUB_APPS_FILE',
      'HUB_AUDIT_LOG',
      'HUB_CONSOLE_OPEN',
      'HUB_ENCRYPTION_KEYS',
      'HUB_GATEWAY_TIMEOUT_MS',
      'HUB_HOST',
      'HUB_LOG_LEVEL',
      'HUB_NAME',
      'HUB_OPS_PORT',
      'HUB_OUTBOUND_PROXY',
      'HUB_PORT',
      'HUB_REDIS_CA_FILE',
      'HUB_REDIS_CERT_FILE',
      'HUB_REDIS_KEY_FILE',
      'HUB_REDIS_PREFIX',
      'HUB_REDIS_SENTINEL_PASSWORD',
      'HUB_REDIS_SENTINEL_USERNAME',
      'HUB_REDIS_URL',
      'HUB_SECRETS_DIR',
      'HUB_TIME_ZONE',
      'HUB_TLS_CERT_FILE',
      'HUB_TLS_CLIENT_CA_FILE',
      'HUB_TLS_KEY_FILE',
      'HUB_TRUSTED_PROXIES',
      'HUB_WECHAT_BASE_URL',
      'HUB_WECHAT_TIMEOUT_MS',
      'HUB_WECOM_BASE_URL',
    ]);
  });

  it('takes an empty variable for one that is not set, an unknown one too', () => {
    const empty = Object.fromEntries(knownVariables().map((name) => [name, '']));
    expect(parsed({ ...empty, HUB_UNKNOWN: '' })).toEqual(parsed({}));
  });

  it.each([
    ['HUB_APPS_FILE', '/etc/hub/apps.yaml', { appsFile: '/etc/hub/apps.yaml' }],
    ['HUB_HOST', '::', { host: '::' }],
    ['HUB_HOST', 'localhost', { host: 'localhost' }],
    ['HUB_PORT', '0', { port: 0 }],
    ['HUB_PORT', '65535', { port: 65_535 }],
    ['HUB_OPS_PORT', '0', { opsPort: 0 }],
    ['HUB_REDIS_PREFIX', 'other:', { redisPrefix: 'other:' }],
    ['HUB_WECHAT_BASE_URL', 'http://127.0.0.1:4000/', { wechatBaseUrl: 'http://127.0.0.1:4000' }],
    ['HUB_WECHAT_BASE_URL', 'https://proxy.example/wx//', { wechatBaseUrl: 'https://proxy.example/wx' }],
    ['HUB_WECOM_BASE_URL', 'https://wecom.example/', { wecomBaseUrl: 'https://wecom.example' }],
    ['HUB_WECHAT_TIMEOUT_MS', '100', { wechatTimeoutMs: 100 }],
    ['HUB_GATEWAY_TIMEOUT_MS', '600000', { gatewayTimeoutMs: 600_000 }],
    ['HUB_NAME', 'prod-sh', { name: 'prod-sh' }],
    ['HUB_NAME', '上海 生产', { name: '上海 生产' }],
    ['HUB_NAME', '名'.repeat(64), { name: '名'.repeat(64) }],
    ['HUB_TIME_ZONE', 'Asia/Shanghai', { timeZone: 'Asia/Shanghai' }],
    ['HUB_TIME_ZONE', 'UTC', { timeZone: 'UTC' }],
    ['HUB_LOG_LEVEL', 'silent', { logLevel: 'silent' }],
    ['HUB_ACCESS_LOG', 'off', { accessLog: 'off' }],
    ['HUB_AUDIT_LOG', 'off', { auditLog: 'off' }],
    ['HUB_AUDIT_LOG', '/var/log/hub/audit.log', { auditLog: '/var/log/hub/audit.log' }],
    ['HUB_CONSOLE_OPEN', 'true', { consoleOpen: true }],
    ['HUB_CONSOLE_OPEN', '0', { consoleOpen: false }],
  ])('reads %s=%s', (name, value, expected) => {
    expect(parsed({ [name]: value })).toMatchObject(expected);
  });

  it('reads what has a form of its own', () => {
    const environment = parsed({
      HUB_REDIS_URL: 'rediss+sentinel://:pw@redis:6380/main',
      HUB_REDIS_CA_FILE: 'redis-ca.crt',
      HUB_REDIS_CERT_FILE: 'redis.crt',
      HUB_REDIS_KEY_FILE: 'redis.key',
      HUB_REDIS_SENTINEL_USERNAME: 'watcher',
      HUB_REDIS_SENTINEL_PASSWORD: 'sentinels-pw@',
      HUB_OUTBOUND_PROXY: 'http://user:proxys-pw%40@proxy:3128',
      HUB_ENCRYPTION_KEYS: `new:${KEY_1}, old:${KEY_2}`,
      HUB_TRUSTED_PROXIES: '10.0.0.0/8, 2001:db8::1',
      HUB_TLS_CERT_FILE: 'tls.crt',
      HUB_TLS_KEY_FILE: 'tls.key',
      HUB_TLS_CLIENT_CA_FILE: 'ca.crt',
    });
    expect(environment.redisUrl?.reveal()).toBe('rediss+sentinel://:pw@redis:6380/main');
    expect(environment.redisSentinelPassword?.reveal()).toBe('sentinels-pw@');
    expect(environment.outboundProxy?.reveal()).toBe('http://user:proxys-pw%40@proxy:3128');
    expect(environment.encryptionKeys.map(({ id, key }) => [id, key.reveal()])).toEqual([
      ['new', KEY_1],
      ['old', KEY_2],
    ]);
    expect(environment.trustedProxies.has(parseAddress('10.1.2.3')!)).toBe(true);
    expect(environment.trustedProxies.has(parseAddress('2001:db8::2')!)).toBe(false);
    expect(environment).toMatchObject({
      redisCaFile: 'redis-ca.crt',
      redisCertFile: 'redis.crt',
      redisKeyFile: 'redis.key',
      redisSentinelUsername: 'watcher',
      tlsCertFile: 'tls.crt',
      tlsKeyFile: 'tls.key',
      tlsClientCaFile: 'ca.crt',
    });
    expect(JSON.stringify(environment) + inspect(environment, { depth: 9 })).not.toMatch(/pw@|-pw|AQEB|AgIC/);
    expect(Object.isFrozen(environment)).toBe(true);
  });

  const PORT = 'must be a whole number from 0 to 65535 (digits only)';
  it.each([
    ['HUB_PORT', '-1', PORT],
    ['HUB_PORT', '65536', PORT],
    ['HUB_PORT', '1e3', PORT],
    ['HUB_PORT', ' 80', PORT],
    ['HUB_OPS_PORT', 'x', PORT],
    [
      'HUB_WECHAT_TIMEOUT_MS',
      '99',
      'must be a whole number of milliseconds from 100 to 600000 (digits only)',
    ],
    [
      'HUB_GATEWAY_TIMEOUT_MS',
      '5s',
      'must be a whole number of milliseconds from 100 to 600000 (digits only)',
    ],
    [
      'HUB_LOG_LEVEL',
      'verbose',
      'must be one of fatal, error, warn, info, debug, trace, silent (in lower case)',
    ],
    ['HUB_ACCESS_LOG', 'ALL', 'must be one of all, errors, off (in lower case)'],
    ['HUB_AUDIT_LOG', 'audit.log', 'must be stdout, off, or the absolute path of a file'],
    ['HUB_AUDIT_LOG', 'STDOUT', 'must be stdout, off, or the absolute path of a file'],
    ['HUB_CONSOLE_OPEN', 'yes', 'must be true or false (in lower case)'],
    ['HUB_HOST', 'http://0.0.0.0', /must be an address or a host name/],
    ['HUB_HOST', '10.0.0.256', /must be an address or a host name/],
    ['HUB_APPS_FILE', '  ', 'must be the path of a file'],
    ['HUB_REDIS_URL', 'http://redis', /must begin with redis:/],
    ['HUB_REDIS_PREFIX', 'a{b}', /without { and }/],
    ['HUB_NAME', ' prod', /1 to 64 visible characters/],
    ['HUB_NAME', 'prod\nsh', /1 to 64 visible characters/],
    ['HUB_NAME', 'prod\u202Esh', /1 to 64 visible characters/],
    ['HUB_NAME', '名'.repeat(65), /1 to 64 visible characters/],
    ['HUB_TIME_ZONE', 'Asia/Shangai', /IANA/],
    ['HUB_TIME_ZONE', '+08:00', /IANA/],
    ['HUB_TIME_ZONE', 'CST-8', /IANA/],
    ['HUB_OUTBOUND_PROXY', 'proxy:3128', /http:\/\/ or https:\/\//],
    ['HUB_OUTBOUND_PROXY', 'socks5://proxy:1080', /http:\/\/ or https:\/\//],
    ['HUB_OUTBOUND_PROXY', 'http://proxy', /host:port/],
    ['HUB_OUTBOUND_PROXY', 'http://proxy:3128/path', /without a path/],
    ['HUB_OUTBOUND_PROXY', 'http://proxy:0', /port from 1/],
    ['HUB_OUTBOUND_PROXY', 'http://proxy:65536', /host:port|port from 1/],
    ['HUB_OUTBOUND_PROXY', 'http://u:hunter2@@proxy:3128', /http:\/\/ or https:\/\//],
    ['HUB_OUTBOUND_PROXY', 'http://u:hunter2%zz@proxy:3128', /cannot be read/],
    ['HUB_OUTBOUND_PROXY', 'http://u%3Ax:hunter2@proxy:3128', /colon/],
    ['HUB_OUTBOUND_PROXY', 'http://u:hunter2%0A@proxy:3128', /control characters/],
    ['HUB_WECHAT_BASE_URL', 'api.weixin.qq.com', /must be an http/],
    ['HUB_WECHAT_BASE_URL', 'ftp://x', /must be an http/],
    ['HUB_WECHAT_BASE_URL', 'https://x/?a=1', /query or fragment/],
    ['HUB_WECHAT_BASE_URL', 'https://u:hunter2@x', /user name or password/],
    ['HUB_TRUSTED_PROXIES', 'true', /comma-separated list of CIDRs.*entry 1:/],
    ['HUB_TRUSTED_PROXIES', '1', /comma-separated list of CIDRs/],
    ['HUB_TRUSTED_PROXIES', '10.0.0.0/8,loopback', /entry 2:/],
    ['HUB_ENCRYPTION_KEYS', KEY_1, /entry 1 is not of the form id:key/],
    ['HUB_ENCRYPTION_KEYS', 'a:aHVudGVyMg==', /entry 1: the key is not the base64 of 32 bytes/],
    ['HUB_ENCRYPTION_KEYS', `a:${KEY_1},a:${KEY_2}`, /entry 2 has the id of an entry before it/],
    ['HUB_ENCRYPTION_KEYS', `a b:${KEY_1}`, /the id must be/],
    ['HUB_ENCRYPTION_KEYS', `a:${KEY_1.slice(0, -2)}!=`, /not the base64/],
  ])('refuses %s=%s in one line without the value', (name, value, message) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toHaveLength(1);
    const [problem = ''] = problems;
    expect(problem.startsWith(`${name}: `)).toBe(true);
    const rest = problem.slice(name.length + 2);
    if (typeof message === 'string') expect(rest).toBe(message);
    else expect(rest).toMatch(message);
    expect(problem).not.toMatch(/\n|hunter2|aHVudGVyMg|AQEB|AgIC/);
  });

  it.each([
    [{ HUB_TLS_CERT_FILE: 'c' }, ['HUB_TLS_KEY_FILE']],
    [{ HUB_TLS_KEY_FILE: 'k' }, ['HUB_TLS_CERT_FILE']],
    [{ HUB_TLS_CLIENT_CA_FILE: 'ca' }, ['HUB_TLS_CLIENT_CA_FILE']],
    [{ HUB_REDIS_CA_FILE: 'ca' }, ['HUB_REDIS_CA_FILE']],
    [{ HUB_REDIS_CA_FILE: 'ca', HUB_REDIS_URL: 'redis://r' }, ['HUB_REDIS_CA_FILE']],
    [{ HUB_REDIS_CA_FILE: 'ca', HUB_REDIS_URL: 'rediss://r' }, []],
    [{ HUB_REDIS_CERT_FILE: 'c', HUB_REDIS_URL: 'rediss+cluster://r:1' }, ['HUB_REDIS_KEY_FILE']],
    [{ HUB_REDIS_KEY_FILE: 'k', HUB_REDIS_URL: 'rediss+cluster://r:1' }, ['HUB_REDIS_CERT_FILE']],
    [{ HUB_REDIS_CERT_FILE: 'c', HUB_REDIS_KEY_FILE: 'k', HUB_REDIS_URL: 'rediss+cluster://r:1' }, []],
    [{ HUB_REDIS_SENTINEL_PASSWORD: 'p', HUB_REDIS_URL: 'redis://r' }, ['HUB_REDIS_SENTINEL_PASSWORD']],
    [{ HUB_REDIS_SENTINEL_PASSWORD: 'p', HUB_REDIS_URL: 'redis+sentinel://r:1/m' }, []],
    [
      { HUB_REDIS_SENTINEL_USERNAME: 'u', HUB_REDIS_URL: 'redis+sentinel://r:1/m' },
      ['HUB_REDIS_SENTINEL_PASSWORD'],
    ],
    [{ HUB_REDIS_CA_FILE: 'ca', HUB_REDIS_URL: 'http://r' }, ['HUB_REDIS_URL']],
    [{ HUB_PORT: '9090' }, ['HUB_OPS_PORT']],
    [{ HUB_PORT: '0', HUB_OPS_PORT: '0' }, []],
    [{ HUB_PROT: '3000' }, ['HUB_PROT']],
    [{ HUB_PORT: 'x', HUB_LOG_LEVEL: 'x', HUB_NEW: 'x' }, ['HUB_PORT', 'HUB_LOG_LEVEL', 'HUB_NEW']],
  ])('what %j has wrong', (env, names) => {
    expect(problemsOf(env).map((problem) => problem.split(':')[0])).toEqual(names);
  });

  it('names the variable that an unknown one was meant to be, and not its value', () => {
    expect(problemsOf({ HUB_REDIS_ULR: 'redis://:hunter2@x' })).toEqual([
      'HUB_REDIS_ULR: is not a variable of the hub (did you mean "HUB_REDIS_URL"?); remove it or correct its name',
    ]);
  });

  it('explains the variables that Kubernetes sets for a Service called hub, in one line', () => {
    const problems = problemsOf({
      HUB_PORT: 'tcp://10.96.0.12:3000',
      HUB_SERVICE_HOST: '10.96.0.12',
      HUB_SERVICE_PORT: '3000',
      HUB_SERVICE_PORT_HTTP: '3000',
      HUB_PORT_3000_TCP: 'tcp://10.96.0.12:3000',
      HUB_PORT_3000_TCP_PROTO: 'tcp',
      HUB_PORT_3000_TCP_PORT: '3000',
      HUB_PORT_3000_TCP_ADDR: '10.96.0.12',
      HUB_OPS_PORT: 'tcp://10.96.0.13:9090',
      HUB_REDIS_SERVICE_HOST: '10.96.0.14',
      HUB_LOG_LEVEL: 'loud',
    });
    expect(problems).toHaveLength(2);
    expect(problems[0]).toMatch(/^HUB_LOG_LEVEL: /);
    expect(problems[1]).toMatch(/^HUB_PORT: was set by Kubernetes \(and 9 more .*enableServiceLinks: false/);
  });
});
