import { jest } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { eventually } from '../support/eventually.js';
import { HubProcess } from '../support/hub-process.js';
import { RedisServer, stopRedisServers } from '../support/redis-server.js';
import { RobotServer } from '../support/robot-server.js';
import { makeCertificate } from '../support/certificates.js';
import { appsYaml, bearer, testKey } from '../support/start-hub.js';

// Gathering takes ten real seconds, twice.
jest.setTimeout(90_000);

const KEY = testKey('reader');
const APPS = ['wx-one', 'wx-two', 'wx-three'].map((appid) => ({
  appid,
  secret: `simulated-secret-of-${appid}`,
  reconcileSeconds: 5,
}));
const CLIENTS = [{ id: 'reader', key: KEY, apps: '*', may: ['read'] }];

it('of two replicas on one Redis one tells, over HTTPS, of all apps in one message', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hub-notices-'));
  const authorities = join(folder, 'ca.pem');
  const certificate = await makeCertificate('localhost', { isAuthority: true });
  writeFileSync(authorities, certificate.cert);
  const simulator = await WeChatSimulator.start({
    apps: APPS.map(({ appid, secret }) => ({ appid, secret })),
  });
  const redis = await RedisServer.start();
  const robot = await RobotServer.start('feishu', Date.now, 'signing-secret-of-feishu', certificate);
  const replicas = [1, 2].map(
    () =>
      new HubProcess({
        upstream: simulator.url,
        yaml: appsYaml(APPS, CLIENTS, [robot.entry()]),
        environment: { HUB_REDIS_URL: redis.url, NODE_EXTRA_CA_CERTS: authorities },
      }),
  );
  try {
    for (const replica of replicas) {
      replica.leaks.addSecret('URL of the robot', robot.url);
      const { url } = await replica.listening();
      const read = async () => (await fetch(`${url}/v1/apps/wx-one/token`, { headers: bearer(KEY) })).status;
      await eventually(async () => (await read()) === 200, 'a token');
    }
    for (const { appid } of APPS) simulator.setSecret(appid, 'simulated-secret-that-was-reset');
    await Promise.any(replicas.map((replica) => replica.logged('refresh failed')));
    await eventually(() => robot.messages.length > 0, 'a message');
    // What the other replica gathered meanwhile is due by then.
    await new Promise((resolve) => setTimeout(resolve, 12_000));
    expect(robot.refusals).toEqual([]);
    expect(robot.messages.map(({ text }) => text)).toEqual([
      expect.stringMatching(/AppSecret 错误：3 个应用/),
    ]);
  } finally {
    for (const replica of replicas) await replica.dispose();
    await robot.close();
    await stopRedisServers();
    await simulator.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
