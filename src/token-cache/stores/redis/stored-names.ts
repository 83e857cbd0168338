import { Cluster, type Redis } from 'ioredis';
import type { RedisAccess } from '../../../config/environment/redis-access.js';
import { TICKET_TYPES } from '../../../core/app.js';
import type { StoredNames } from '../file/state-transfer.js';
import { createCluster, createRedis } from './redis-clients.js';

const CLIENT_NAME = 'wechat-token-hub state';
/** Keys that one SCAN looks at: a millisecond of Redis's time. */
const KEYS_AT_A_TIME = 1000;

/** Whatever lies in Redis under the prefix, of apps that apps.yaml names and of others. Needs the right to SCAN. */
export async function storedNames(access: RedisAccess, prefix: string): Promise<StoredNames> {
  const client =
    access.target.topology === 'cluster'
      ? createCluster(access, CLIENT_NAME, () => 1000)
      : createRedis(access, CLIENT_NAME, undefined);
  client.on('error', () => undefined);
  try {
    await client.connect();
    const appids = new Set<string>();
    const collections = new Set<string>();
    for (const server of client instanceof Cluster ? client.nodes('master') : [client]) {
      for await (const key of keysOf(server, prefix)) {
        const [, owner, what = ''] = /^\{([^{}]+)\}:([a-z_]+)$/.exec(key.slice(prefix.length)) ?? [];
        if (owner === undefined) continue;
        if (what === 'records') collections.add(owner);
        else if (what === 'token' || TICKET_TYPES.some((type) => type === what)) appids.add(owner);
      }
    }
    return { appids: [...appids].sort(), collections: [...collections].sort() };
  } finally {
    client.disconnect();
  }
}

async function* keysOf(server: Redis, prefix: string): AsyncGenerator<string> {
  const pattern = `${prefix.replace(/[\\*?[\]]/g, '\\$&')}{*`;
  let cursor = '0';
  do {
    const [next, keys] = await server.scan(cursor, 'MATCH', pattern, 'COUNT', KEYS_AT_A_TIME);
    cursor = next;
    yield* keys;
  } while (cursor !== '0');
}
