import { appOf, Replicas, stopReplicas } from '../../support/replicas.js';
import { startCluster, stopRedisServers, until, type RedisServer } from '../../support/redis-server.js';

/** One of three nodes is killed: its apps are without a store for a while, the others do not notice. */

afterEach(async () => {
  await stopReplicas();
  await stopRedisServers();
});

const LOST = 1;

/** An app whose keys lie on the node. */
async function appOn(node: RedisServer, nth: number, all: readonly RedisServer[]): Promise<string> {
  for (let tries = 0; ; tries += 1) {
    const appid = `wx-${nth}-${tries}`;
    const slot = Number(await node.admin.call('CLUSTER', 'KEYSLOT', `{${appid}}`));
    if (Math.floor((slot * all.length) / 16_384) === nth) return appid;
  }
}

it('a node dies and comes back with nothing', async () => {
  const { nodes, url } = await startCluster();
  const settings = { tokenApi: 'token', refreshAheadSeconds: 7200 };
  const appids = await Promise.all(nodes.map((node, nth) => appOn(node, nth, nodes)));
  const apps = appids.map((appid) => appOf(appid, settings));
  const replicas = await Replicas.start(url, { apps });
  const before = apps.map((app) => replicas.mints(app));
  const lost = nodes[LOST]!;
  replicas.witness.apart = true;
  await lost.kill();
  for (const [nth, app] of apps.entries()) await replicas.minted(app, before[nth]! + 1);

  await lost.launch();
  for (const appid of appids) {
    const { version } = await replicas.agreed(appid);
    const node = nodes[appids.indexOf(appid)]!;
    await until(async () => {
      const record = await node.admin.get(`wxhub:{${appid}}:token`);
      return record !== null && Number(record.split(' ')[2]) === version;
    }, 30_000);
  }
  // Of the lost node's app another replica may have minted in its last moments, before Redis counted as back.
  for (const app of apps.filter((_app, nth) => nth !== LOST)) expect(replicas.doubleMints(app)).toEqual([]);
}, 90_000);
