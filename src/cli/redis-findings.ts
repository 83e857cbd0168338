import type { RedisSeen, SentinelSeen, ServerSeen } from '../token-cache/stores/redis/redis-seen.js';
import type { Finding } from './finding.js';

/** What the hub's scripts and its client need. */
const OLDEST = [6, 2] as const;
/** The hub gives a command 400 ms; a refresh waits for some three of them. */
const SLOW_MS = 50;
const TOO_SLOW_MS = 300;
/** Wall clocks of the hub and Redis are never compared; so far apart, one of them is wrong. */
const APART_MS = 30_000;
/** A failover to a server whose clock is so far off shifts the lives of what is read, until the next refresh. */
const SERVERS_APART_MS = 1000;
const ALL_SLOTS = 16_384;

/** What there is to say of the Redis of HUB_REDIS_URL. Pure. */
export function redisFindings(seen: RedisSeen): readonly Finding[] {
  return [
    ...seen.sentinels.flatMap(ofSentinel),
    ...ofSentinels(seen),
    ...ofCluster(seen),
    ...seen.servers.flatMap(ofServer),
    ...ofClocks(seen.servers),
  ];
}

function ofServer(server: ServerSeen): readonly Finding[] {
  const { place, role, failure, version, latencyMs } = server;
  const what = `Redis ${place}`;
  if (failure !== undefined) {
    return [
      {
        what,
        result: role === 'master' ? 'problem' : 'warning',
        detail: `cannot be used (${failure})`,
        fix: fixOfFailure(failure),
      },
    ];
  }
  const findings: Finding[] = [];
  if (version !== undefined && isTooOld(version)) {
    findings.push({ what, result: 'problem', detail: `version ${version}`, fix: 'use Redis 6.2 or newer' });
  }
  if (latencyMs >= SLOW_MS) {
    findings.push({
      what,
      result: latencyMs >= TOO_SLOW_MS ? 'problem' : 'warning',
      detail: `answers in ${latencyMs.toFixed(0)} ms`,
      fix: 'the hub gives a command 400 ms and goes on without Redis where that is not enough: use one that is nearer or less busy',
    });
  }
  const { needed, optional } = server.lacking;
  if (needed.length > 0) {
    const fix = `grant it: ACL SETUSER <user> ${needed.map(ruleOf).join(' ')} (docs/redis.md has all rules in one line)`;
    findings.push({ what, result: 'problem', detail: `the user may not: ${needed.join(', ')}`, fix });
  }
  if (optional.length > 0) {
    findings.push({
      what,
      result: 'warning',
      detail: `the user may not: ${optional.join(', ')}; the hub does without, but less is known of the server`,
      fix: `to know it: ACL SETUSER <user> ${optional.map(ruleOf).join(' ')}`,
    });
  }
  if (server.refusal !== undefined && needed.length === 0) {
    findings.push({
      what,
      result: 'problem',
      detail: `does not take what the hub writes (${server.refusal})`,
      fix: fixOfRefusal(server.refusal),
    });
  }
  if (server.eviction !== undefined && server.eviction !== 'noeviction') {
    findings.push({
      what,
      result: 'warning',
      detail: `throws keys away when its memory is full (maxmemory-policy ${server.eviction})`,
      fix: 'set maxmemory-policy noeviction: a claim that is thrown away lets two replicas mint at once',
    });
  }
  if (findings.length > 0) return findings;
  const takes = role === 'master' ? ', takes writes' : '';
  const named = version === undefined ? 'version not told' : `version ${version}`;
  return [{ what, result: 'ok', detail: `${role}, ${named}, answers in ${latencyMs.toFixed(1)} ms${takes}` }];
}

function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}

/** As an ACL rule. */
function ruleOf(lack: string): string {
  if (lack === 'keys') return '~<prefix>*';
  return lack === 'channel' ? '&<prefix>news' : `+${lack}`;
}

function fixOfFailure(failure: string): string {
  if (/DB index|'select'/i.test(failure))
    return 'correct the database at the end of HUB_REDIS_URL, or grant the user SELECT (ACL SETUSER <user> +select)';
  if (/WRONGPASS|NOAUTH|AUTH/.test(failure))
    return 'check user and password in HUB_REDIS_URL (special characters percent-encoded)';
  if (/certificate|SSL|TLS|self.signed/i.test(failure))
    return 'check its certificate: HUB_REDIS_CA_FILE names an authority of your own; where Redis asks for one, HUB_REDIS_CERT_FILE and HUB_REDIS_KEY_FILE are the hub’s. The names or addresses in HUB_REDIS_URL, and those that Sentinels and Cluster nodes announce, must be in it';
  if (/ENOTFOUND|EAI_AGAIN/.test(failure)) return 'check the host name in HUB_REDIS_URL, and DNS';
  if (failure.includes('LOADING')) return 'it is still reading its data: ask again in a moment';
  return 'check host and port in HUB_REDIS_URL, whether TLS is meant (rediss://), the firewall, and whether it runs';
}

function fixOfRefusal(refusal: string): string {
  if (refusal.includes('READONLY'))
    return 'it is a replica: name the master, or use redis+sentinel:// so that the hub finds it';
  if (refusal.includes('OOM')) return 'its memory is full: raise maxmemory, or free some';
  if (refusal.includes('MISCONF'))
    return 'it cannot save to its disk: mend that, or turn saving off (the hub does not need it)';
  if (refusal.includes('CLUSTERDOWN')) return 'some slots of the Cluster have no node: see CLUSTER INFO';
  if (refusal.includes('MOVED')) return 'it is a node of a Cluster: use redis+cluster://';
  return 'see the message';
}

function ofSentinel({ place, failure, master, noQuorum }: SentinelSeen): readonly Finding[] {
  const what = `Sentinel ${place}`;
  if (failure !== undefined) {
    return [{ what, result: 'warning', detail: `cannot be used (${failure})`, fix: fixOfFailure(failure) }];
  }
  if (master === undefined) {
    const fix = 'check the name at the end of HUB_REDIS_URL: it is the one in "sentinel monitor <name> …"';
    return [{ what, result: 'problem', detail: 'knows no master of that name', fix }];
  }
  if (noQuorum !== undefined) {
    return [
      {
        what,
        result: 'warning',
        detail: noQuorum,
        fix: 'a failover could not be agreed on now: start the other Sentinels',
      },
    ];
  }
  return [{ what, result: 'ok', detail: `the master is ${master}` }];
}

function ofSentinels({ topology, sentinels, servers }: RedisSeen): readonly Finding[] {
  if (topology !== 'sentinel') return [];
  const masters = new Set(sentinels.map(({ master }) => master).filter((master) => master !== undefined));
  if (masters.size === 0) {
    return [
      {
        what: 'Sentinels',
        result: 'problem',
        detail: 'none of them names a master',
        fix: 'start them, or correct HUB_REDIS_URL',
      },
    ];
  }
  if (masters.size > 1) {
    const fix = 'wait for the end of a failover; if it stays so, the Sentinels do not see each other';
    return [
      {
        what: 'Sentinels',
        result: 'problem',
        detail: `name different masters: ${[...masters].join(', ')}`,
        fix,
      },
    ];
  }
  if (servers.length < 2) {
    return [
      {
        what: 'Sentinels',
        result: 'warning',
        detail: 'the master has no replica',
        fix: 'without one there is nothing to fail over to: add a replica',
      },
    ];
  }
  return [];
}

function ofCluster({ topology, cluster }: RedisSeen): readonly Finding[] {
  if (topology !== 'cluster') return [];
  const what = 'Redis Cluster';
  if (cluster === undefined) {
    const fix = 'name nodes of a Cluster; for a single server use redis://';
    return [{ what, result: 'problem', detail: 'no node told of the Cluster', fix }];
  }
  if (cluster.state === 'ok' && cluster.slots === ALL_SLOTS)
    return [{ what, result: 'ok', detail: 'all slots are served' }];
  const fix = 'see CLUSTER NODES: the apps whose slots have no node go on without a store';
  return [
    {
      what,
      result: 'problem',
      detail: `state ${cluster.state}, ${cluster.slots} of ${ALL_SLOTS} slots are served`,
      fix,
    },
  ];
}

function ofClocks(servers: readonly ServerSeen[]): readonly Finding[] {
  const ahead = servers.filter(({ failure }) => failure === undefined).map(({ aheadMs }) => aheadMs);
  if (ahead.length === 0) return [];
  const what = 'clock of Redis';
  const spread = Math.max(...ahead) - Math.min(...ahead);
  if (spread > SERVERS_APART_MS) {
    const fix =
      'set the clocks of the Redis servers (NTP): after a failover lives would be off by that until the next refresh';
    return [
      {
        what,
        result: 'warning',
        detail: `the servers’ clocks are ${(spread / 1000).toFixed(1)} s apart`,
        fix,
      },
    ];
  }
  const furthest = Math.max(...ahead.map(Math.abs));
  const detail = `${Math.round(furthest / 1000)} s apart from this machine's`;
  if (furthest <= APART_MS) return [{ what, result: 'ok', detail }];
  const fix =
    'set the clock that is wrong (NTP). Tokens do not depend on it, the expiry of client keys does on this machine’s';
  return [{ what, result: 'warning', detail, fix }];
}
