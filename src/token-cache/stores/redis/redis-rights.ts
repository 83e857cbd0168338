import type { Redis } from 'ioredis';

/** A command that the hub's user must be allowed to send, and a harmless form of it. */
interface Right {
  readonly name: string;
  readonly words: readonly string[];
  /** Goes without: only less can be said about the server. */
  readonly optional?: boolean;
}

/** All that hub, scripts, client and `doctor` send; docs/redis.md has the same as ACL rules. `key`: nothing is kept there. */
export function neededRights(key: string, channel: string, options: RightsOptions): readonly Right[] {
  const lists = `${key}:list`;
  return [
    { name: 'eval', words: ['EVAL', 'return 1', '1', key] },
    // Of a script that nobody knows.
    { name: 'evalsha', words: ['EVALSHA', '0'.repeat(40), '1', key] },
    { name: 'set', words: ['SET', key, '1', 'PX', '1000'] },
    { name: 'get', words: ['GET', key] },
    { name: 'mget', words: ['MGET', key] },
    { name: 'pttl', words: ['PTTL', key] },
    { name: 'rpush', words: ['RPUSH', lists, '1'] },
    { name: 'pexpire', words: ['PEXPIRE', lists, '1000'] },
    { name: 'lrange', words: ['LRANGE', lists, '0', '-1'] },
    { name: 'ltrim', words: ['LTRIM', lists, '-1', '-1'] },
    { name: 'del', words: ['DEL', key, lists] },
    { name: 'time', words: ['TIME'] },
    { name: 'publish', words: ['PUBLISH', channel, ''] },
    { name: 'client|setname', words: ['CLIENT', 'SETNAME', 'wechat-token-hub-doctor'], optional: true },
    { name: 'info', words: ['INFO', 'server'], optional: !options.needsInfo },
    ...(options.cluster
      ? [
          { name: 'cluster|slots', words: ['CLUSTER', 'SLOTS'] },
          { name: 'cluster|info', words: ['CLUSTER', 'INFO'] },
          { name: 'cluster|nodes', words: ['CLUSTER', 'NODES'], optional: true },
          { name: 'asking', words: ['ASKING'] },
        ]
      : []),
    // Last: a connection that is subscribed is good for nothing more.
    { name: 'subscribe', words: ['SUBSCRIBE', channel] },
  ];
}

export interface RightsOptions {
  readonly cluster: boolean;
  /** With Sentinels the client asks whether the server is a master. */
  readonly needsInfo: boolean;
}

/** What the user may not do, by the names of ACL rules: commands, `keys`, `channel`. */
export interface Lacking {
  readonly needed: readonly string[];
  readonly optional: readonly string[];
}

/** Tries each right on the server. Rejects where the connection ends. */
export async function lackingRights(client: Redis, rights: readonly Right[]): Promise<Lacking> {
  const needed = new Set<string>();
  const optional = new Set<string>();
  for (const { name, words, optional: may = false } of rights) {
    const [command = '', ...rest] = words;
    try {
      if (command === 'SUBSCRIBE') await client.subscribe(...rest);
      else await client.call(command, ...rest);
    } catch (error) {
      const { message } = error as Error;
      // Whatever else is wrong is told by the look at what the hub writes.
      if (message.startsWith('NOPERM')) (may ? optional : needed).add(lackOf(name, message));
      else if (client.status !== 'ready') throw error;
    }
  }
  return { needed: [...needed], optional: [...optional] };
}

/** Redis 7: "No permissions to access a key"; before: "… to access one of the keys used as arguments". */
function lackOf(name: string, message: string): string {
  if (/access (a|one of the) keys?/.test(message)) return 'keys';
  return /access (a|one of the) channels?/.test(message) ? 'channel' : name;
}
