import type { HubEnvironment } from './environment.js';
import { parseRedisUrl } from './redis-url.js';

/** What is wrong between variables; `wrong` are fields that have a problem of their own. */
export function disagreements(environment: HubEnvironment, wrong: ReadonlySet<string>): string[] {
  const { tlsCertFile, tlsKeyFile, tlsClientCaFile, port, opsPort } = environment;
  const problems = wrong.has('redisUrl') ? [] : redisDisagreements(environment);
  problems.push(...stateDisagreements(environment, wrong));
  if (tlsCertFile !== undefined && tlsKeyFile === undefined) {
    problems.push('HUB_TLS_KEY_FILE: must be set too where HUB_TLS_CERT_FILE is (HTTPS needs both)');
  }
  if (tlsKeyFile !== undefined && tlsCertFile === undefined) {
    problems.push('HUB_TLS_CERT_FILE: must be set too where HUB_TLS_KEY_FILE is (HTTPS needs both)');
  }
  if (tlsClientCaFile !== undefined && tlsCertFile === undefined && tlsKeyFile === undefined) {
    problems.push(
      'HUB_TLS_CLIENT_CA_FILE: needs HUB_TLS_CERT_FILE and HUB_TLS_KEY_FILE (client certificates exist in HTTPS only)',
    );
  }
  if (port === opsPort && port !== 0 && !wrong.has('port') && !wrong.has('opsPort')) {
    problems.push('HUB_OPS_PORT: must differ from HUB_PORT (they are two listeners)');
  }
  return problems;
}

/** The state file is the memory store's, and never holds anything in clear. */
function stateDisagreements(
  { stateFile, redisUrl, encryptionKeys }: HubEnvironment,
  wrong: ReadonlySet<string>,
): string[] {
  if (stateFile === undefined) return [];
  const problems: string[] = [];
  if (redisUrl !== undefined || wrong.has('redisUrl'))
    problems.push(
      'HUB_STATE_FILE: goes with the memory store alone; Redis keeps tokens itself, so unset it, or HUB_REDIS_URL',
    );
  if (encryptionKeys.length === 0 && !wrong.has('encryptionKeys'))
    problems.push(
      'HUB_STATE_FILE: needs HUB_ENCRYPTION_KEYS, since the file is never written in clear; make one: echo "k1:$(openssl rand -base64 32)"',
    );
  return problems;
}

/** The variables of Redis's TLS and of the Sentinels need an HUB_REDIS_URL of such a form. */
function redisDisagreements(environment: HubEnvironment): string[] {
  const { redisUrl, redisCaFile, redisCertFile, redisKeyFile } = environment;
  const target = redisUrl === undefined ? undefined : parseRedisUrl(redisUrl.reveal());
  const problems: string[] = [];
  const files = {
    HUB_REDIS_CA_FILE: redisCaFile,
    HUB_REDIS_CERT_FILE: redisCertFile,
    HUB_REDIS_KEY_FILE: redisKeyFile,
  };
  for (const [name, file] of Object.entries(files)) {
    if (file !== undefined && target?.tls !== true)
      problems.push(
        `${name}: needs an HUB_REDIS_URL with TLS (rediss://, rediss+sentinel:// or rediss+cluster://)`,
      );
  }
  if (redisCertFile !== undefined && redisKeyFile === undefined)
    problems.push(
      'HUB_REDIS_KEY_FILE: must be set too where HUB_REDIS_CERT_FILE is (a client certificate needs both)',
    );
  if (redisKeyFile !== undefined && redisCertFile === undefined)
    problems.push(
      'HUB_REDIS_CERT_FILE: must be set too where HUB_REDIS_KEY_FILE is (a client certificate needs both)',
    );
  const { redisSentinelUsername: username, redisSentinelPassword: password } = environment;
  if (username !== undefined && password === undefined)
    problems.push('HUB_REDIS_SENTINEL_PASSWORD: must be set too where HUB_REDIS_SENTINEL_USERNAME is');
  const credentials = { HUB_REDIS_SENTINEL_USERNAME: username, HUB_REDIS_SENTINEL_PASSWORD: password };
  for (const [name, value] of Object.entries(credentials)) {
    if (value !== undefined && target?.topology !== 'sentinel')
      problems.push(
        `${name}: needs an HUB_REDIS_URL with Sentinels (redis+sentinel:// or rediss+sentinel://)`,
      );
  }
  return problems;
}
