import type { RedisSeen, SentinelSeen, ServerSeen } from '../token-cache/stores/redis/redis-seen.js';
import { redisFindings } from './redis-findings.js';

const SERVER: ServerSeen = {
  place: 'redis:6379',
  failure: undefined,
  role: 'master',
  version: '7.0.15',
  latencyMs: 0.4,
  refusal: undefined,
  lacking: { needed: [], optional: [] },
  eviction: undefined,
  aheadMs: 0,
};
const SENTINEL: SentinelSeen = {
  place: 'sentinel-1:26379',
  failure: undefined,
  master: 'redis:6379',
  noQuorum: undefined,
};

function seen(over: Partial<RedisSeen>): RedisSeen {
  return { topology: 'standalone', sentinels: [], servers: [SERVER], cluster: undefined, ...over };
}

/** Each as `result: detail`; and whatever is not well says what to do. */
function said(over: Partial<RedisSeen>): string[] {
  const findings = redisFindings(seen(over));
  for (const { result, fix } of findings) expect(fix === undefined).toBe(result === 'ok');
  return findings.map(({ what, result, detail, fix }) => `${result} ${what}: ${detail} → ${fix ?? ''}`);
}

const server = (over: Partial<ServerSeen>) => said({ servers: [{ ...SERVER, ...over }] })[0];

describe('one server', () => {
  it('that is well', () => {
    expect(said({})).toEqual([
      'ok Redis redis:6379: master, version 7.0.15, answers in 0.4 ms, takes writes → ',
      "ok clock of Redis: 0 s apart from this machine's → ",
    ]);
  });

  it.each([
    ['6.1.9', 'problem'],
    ['6.2.0', 'ok'],
    ['10.0.1', 'ok'],
    [undefined, 'ok'],
  ])('of version %p is a %s', (version, result) => {
    expect(server({ version })).toMatch(new RegExp(`^${result} `));
  });

  it.each([
    [49, 'ok'],
    [50, 'warning'],
    [299, 'warning'],
    [300, 'problem'],
  ])('that answers in %p ms is a %s', (latencyMs, result) => {
    expect(server({ latencyMs })).toMatch(new RegExp(`^${result} `));
  });

  it.each([
    ['connect ECONNREFUSED 127.0.0.1:6379', 'host and port'],
    ['getaddrinfo ENOTFOUND redis', 'DNS'],
    ['WRONGPASS invalid username-password pair', 'password'],
    ['self-signed certificate in certificate chain', 'HUB_REDIS_CA_FILE'],
    ['ERR DB index is out of range', 'database'],
    ["NOPERM User hub has no permissions to run the 'select' command", '\\+select'],
    ['LOADING Redis is loading the dataset in memory', 'again in a moment'],
  ])('that fails with “%s”', (failure, fix) => {
    expect(server({ failure })).toMatch(new RegExp(`^problem Redis redis:6379: .*${fix}`));
    expect(said({ servers: [SERVER, { ...SERVER, role: 'replica', failure }] })[1]).toMatch(/^warning/);
  });

  it.each([
    ["READONLY You can't write against a read only replica.", 'redis\\+sentinel://'],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'maxmemory'],
    ['MISCONF Redis is configured to save RDB snapshots', 'disk'],
    ['MOVED: it is a node of a Cluster', 'redis\\+cluster://'],
    ['CLUSTERDOWN Hash slot not served', 'CLUSTER INFO'],
    ['ERR something else', 'see the message'],
  ])('that refuses writes with “%s”', (refusal, fix) => {
    expect(server({ refusal })).toMatch(new RegExp(`^problem .*${fix}`));
  });

  it('whose user lacks rights that the hub needs, and some that only tell more', () => {
    const refusal = "NOPERM this user has no permissions to run the 'eval' command";
    const lacking = { needed: ['eval', 'keys', 'channel'], optional: ['client|setname'] };
    expect(said({ servers: [{ ...SERVER, refusal, lacking }] }).slice(0, 2)).toEqual([
      expect.stringMatching(
        /^problem .*may not: eval, keys, channel → .*SETUSER <user> \+eval ~<prefix>\* &<prefix>news /,
      ),
      expect.stringMatching(/^warning .*may not: client\|setname;.* → .*\+client\|setname$/),
    ]);
  });

  it.each([
    ['allkeys-lru', 'warning'],
    ['volatile-ttl', 'warning'],
    ['noeviction', 'ok'],
  ])('whose full memory means %s is a %s', (eviction, result) => {
    expect(server({ eviction })).toMatch(new RegExp(`^${result} `));
  });

  it.each([
    [30_000, 'ok'],
    [-30_000, 'ok'],
    [30_001, 'warning'],
    [-30_001, 'warning'],
  ])('whose clock is %p ms ahead is a %s', (aheadMs, result) => {
    expect(said({ servers: [{ ...SERVER, aheadMs }] })[1]).toMatch(new RegExp(`^${result} clock`));
  });
});

describe('Sentinels', () => {
  const replica: ServerSeen = { ...SERVER, place: 'redis-2:6379', role: 'replica' };
  const by = (over: Partial<SentinelSeen>, ...more: SentinelSeen[]) =>
    said({
      topology: 'sentinel',
      sentinels: [{ ...SENTINEL, ...over }, ...more],
      servers: [SERVER, replica],
    });

  it('that agree', () => {
    expect(by({}).every((line) => line.startsWith('ok'))).toBe(true);
  });

  it('of which one is gone, or could not agree on a failover', () => {
    expect(by({ failure: 'ECONNREFUSED', master: undefined }, SENTINEL)[0]).toMatch(/^warning Sentinel/);
    expect(by({ noQuorum: 'NOQUORUM 1 usable Sentinels' })[0]).toMatch(/^warning .*NOQUORUM/);
  });

  it('that know no such master, or different ones', () => {
    const lines = by({ master: undefined });
    expect(lines[0]).toMatch(/^problem Sentinel .*sentinel monitor/);
    expect(lines[1]).toMatch(/^problem Sentinels: none/);
    expect(by({ master: 'other:6379' }, SENTINEL)[2]).toMatch(/^problem Sentinels: .*other:6379, redis:6379/);
  });

  it('whose master has no replica', () => {
    expect(said({ topology: 'sentinel', sentinels: [SENTINEL] })[1]).toMatch(/^warning .*no replica/);
  });

  it('whose servers disagree about the time', () => {
    const servers = [SERVER, { ...replica, aheadMs: 1001 }];
    const lines = said({ topology: 'sentinel', sentinels: [SENTINEL], servers });
    expect(lines.at(-1)).toMatch(/^warning clock of Redis: .*1\.0 s apart/);
  });
});

describe('a Cluster', () => {
  it.each([
    [{ state: 'ok', slots: 16_384 }, 'ok'],
    [{ state: 'ok', slots: 10_923 }, 'problem'],
    [{ state: 'fail', slots: 16_384 }, 'problem'],
    [undefined, 'problem'],
  ])('%j is a %s', (cluster, result) => {
    expect(said({ topology: 'cluster', cluster })[0]).toMatch(new RegExp(`^${result} Redis Cluster`));
  });
});
