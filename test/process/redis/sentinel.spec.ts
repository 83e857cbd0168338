import { MINTING, Replicas, stopReplicas } from '../../support/replicas.js';
import { startSentinelSet, stopRedisServers, until, type RedisServer } from '../../support/redis-server.js';

/** The master is killed; the Sentinels make its replica the master, and the hubs follow. */

afterEach(async () => {
  await stopReplicas();
  await stopRedisServers();
});

it('a failover: callers notice nothing, the hubs agree by way of the new master', async () => {
  const { master, replica, url } = await startSentinelSet();
  const replicas = await Replicas.start(url);
  await replicas.agreed(MINTING.appid);
  const before = replicas.mints(MINTING);
  await master.kill();
  await until(async () => (await replica.admin.info('replication')).includes('role:master'), 20_000);
  // One connection of each hub for commands, one for news.
  await until(async () => (await connections(replica)) === 2 * replicas.all.length, 20_000);
  await replicas.redisSeen(true);
  const failedOverAt = replicas.simulator.now();

  await replicas.minted(MINTING, before + 1);
  const { version } = await replicas.agreed(MINTING.appid);
  await until(async () => {
    const record = await replica.admin.get(`wxhub:{${MINTING.appid}}:token`);
    return record !== null && Number(record.split(' ')[2]) === version;
  });
  expect(replicas.doubleMints(MINTING, failedOverAt)).toEqual([]);
}, 60_000);

/** Of hubs to this server. */
async function connections(server: RedisServer): Promise<number> {
  const list = String(await server.admin.client('LIST'));
  return list.split('\n').filter((line) => line.includes('name=wechat-token-hub')).length;
}
