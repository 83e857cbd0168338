/**
 * What is wrong with the URL of a Redis, if anything. Never holds a part of it: there may be a password in it.
 *
 * - `redis://[user:password@]host[:port][/database]`, the same with `rediss://` (TLS)
 * - `redis+sentinel://[user:password@]host:port[,host:port…]/name`: the Sentinels, and the name that they know the master by
 * - `redis+cluster://[user:password@]host:port[,host:port…]`: some nodes of a Cluster
 * - both with `rediss+…` (TLS): to the Sentinels as well
 */
export function redisUrlFlaw(url: string): string | undefined {
  const [, scheme, rest] = /^([a-z+]+):\/\/(.*)$/s.exec(url) ?? [];
  if (scheme === undefined || rest === undefined || !SCHEMES.includes(scheme)) {
    return `must begin with ${SCHEMES.map((name) => `${name}://`).join(', ')} (in lower case)`;
  }
  if (/\s/.test(rest)) return 'must not hold white space';
  if (/[?#]/.test(rest)) return `must not have a query or fragment; ${ENCODE}`;
  const { credentials, hosts, path } = split(rest);
  if (credentials !== undefined && !isEncoded(credentials))
    return `has a password that cannot be read; ${ENCODE}`;
  const places = hosts.split(',');
  if (scheme === 'redis' || scheme === 'rediss') {
    if (places.length > 1) return `names several hosts: for those use redis+sentinel:// or redis+cluster://`;
    if (!isPlace(hosts, 'optional')) return `must name a host, as in ${scheme}://host:6379; ${ENCODE}`;
    return /^[0-9]{0,5}$/.test(path)
      ? undefined
      : `must have the number of a database after the host, as in /0`;
  }
  if (!places.every((place) => isPlace(place, 'required'))) {
    return `must name each host with its port, as in ${scheme}://host:port,host:port; ${ENCODE}`;
  }
  if (scheme.endsWith('+cluster')) return path === '' ? undefined : 'must have nothing after the hosts';
  return /^[A-Za-z0-9._-]+$/.test(path)
    ? undefined
    : 'must end in the name that the Sentinels know the master by, as in /mymaster';
}

const SCHEMES = [
  ...['redis', 'rediss', 'redis+sentinel', 'rediss+sentinel'],
  ...['redis+cluster', 'rediss+cluster'],
];
const ENCODE = 'percent-encode special characters of a password (/ as %2F, # as %23, ? as %3F, @ as %40)';

export interface RedisPlace {
  readonly host: string;
  readonly port: number;
}

/** What a flawless URL says. Only for the store: it holds the password. */
export interface RedisTarget {
  readonly topology: 'standalone' | 'sentinel' | 'cluster';
  readonly tls: boolean;
  /** One for `standalone`, at least one otherwise. */
  readonly places: readonly RedisPlace[];
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** 0 but for `standalone`. */
  readonly database: number;
  /** What the Sentinels call the master; `sentinel` alone. */
  readonly masterName: string | undefined;
}

/** Takes a URL apart that {@link redisUrlFlaw} has no word against. @throws {Error} without any part of it, otherwise */
export function parseRedisUrl(url: string): RedisTarget {
  const flaw = redisUrlFlaw(url);
  if (flaw !== undefined) throw new Error(`HUB_REDIS_URL ${flaw}`);
  const at = url.indexOf('://');
  const scheme = url.slice(0, at);
  const { credentials, hosts, path } = split(url.slice(at + 3));
  const colon = credentials?.indexOf(':') ?? -1;
  const [username, password] =
    credentials === undefined || colon < 0
      ? [credentials ?? '', '']
      : [credentials.slice(0, colon), credentials.slice(colon + 1)];
  return {
    topology: scheme.endsWith('+sentinel')
      ? 'sentinel'
      : scheme.endsWith('+cluster')
        ? 'cluster'
        : 'standalone',
    tls: scheme.startsWith('rediss'),
    places: hosts.split(',').map(readPlace),
    username: username === '' ? undefined : decodeURIComponent(username),
    password: password === '' ? undefined : decodeURIComponent(password),
    database: scheme.includes('+') || path === '' ? 0 : Number(path),
    masterName: scheme.endsWith('+sentinel') ? path : undefined,
  };
}

const DEFAULT_PORT = 6379;

function readPlace(text: string): RedisPlace {
  const [, v6, name, port] = /^(?:\[(.+)\]|(.+?))(?::([0-9]+))?$/.exec(text) ?? [];
  return { host: v6 ?? name ?? '', port: port === undefined ? DEFAULT_PORT : Number(port) };
}

function split(rest: string): { credentials: string | undefined; hosts: string; path: string } {
  const at = rest.lastIndexOf('@');
  const afterCredentials = rest.slice(at + 1);
  const slash = afterCredentials.indexOf('/');
  return {
    credentials: at < 0 ? undefined : rest.slice(0, at),
    hosts: slash < 0 ? afterCredentials : afterCredentials.slice(0, slash),
    path: slash < 0 ? '' : afterCredentials.slice(slash + 1),
  };
}

function isEncoded(credentials: string): boolean {
  if (/[/@]/.test(credentials)) return false;
  try {
    decodeURIComponent(credentials);
    return true;
  } catch {
    return false;
  }
}

function isPlace(text: string, port: 'optional' | 'required'): boolean {
  const parts = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)(?::([0-9]{1,5}))?$/.exec(
    text,
  );
  if (parts === null) return false;
  const number = parts[3];
  return number === undefined ? port === 'optional' : Number(number) >= 1 && Number(number) <= 65_535;
}
