import { REPLICAS, startRedis, startReplicas } from '../lib/replicas.mjs';
import { say } from '../lib/report.mjs';
import { appidOf, bearer, setScene, tokenPath } from '../lib/scene.mjs';

/** Each app is rotated once: an admin may ask for one only every 5 s. */
const ROTATIONS = 1000;
/** Under way at a time. */
const AT_A_TIME = 4;

export const title = `${ROTATIONS} rotations: how long until the last of ${REPLICAS} replicas has the token`;

export async function run(report) {
  const [scene, redis] = [await setScene(2 * ROTATIONS), await startRedis()];
  const hubs = await startReplicas(scene, redis);
  const left = Array.from({ length: ROTATIONS }, (_, nth) => nth);
  const taken = [];
  await Promise.all(
    Array.from({ length: AT_A_TIME }, async () => {
      for (let nth = left.shift(); nth !== undefined; nth = left.shift()) {
        // Every other app is of the older API, whose every call mints.
        taken.push(await rotationMs(hubs, appidOf(2 * nth + 1), hubs[nth % hubs.length]));
      }
    }),
  );
  await Promise.all([...hubs.map((hub) => hub.stop()), redis.close(), scene.close()]);
  taken.sort((a, b) => a - b);
  const at = (part) => taken[Math.min(taken.length - 1, Math.floor(taken.length * part))];
  say(
    `  p50 ${at(0.5).toFixed(1)}  p90 ${at(0.9).toFixed(1)}  p99 ${at(0.99).toFixed(1)}  max ${at(1).toFixed(1)} ms`,
  );
  const unit = 'ms';
  report.add('a rotation reaches every replica: p50', at(0.5), { unit, digits: 0 });
  report.add('a rotation reaches every replica: p99', at(0.99), { atMost: 200, unit, digits: 0 });
  report.add('a rotation reaches every replica: longest', at(1), { unit, digits: 0 });
}

/** From the moment that one replica is asked to rotate, the call to WeChat included, to the last long-poll's end. */
async function rotationMs(hubs, appid, rotating) {
  const [{ version }] = await Promise.all([read(rotating, appid)]);
  const waiting = hubs.map((hub) =>
    read(hub, appid, { 'if-none-match': `"${version}"`, prefer: 'wait=20' }).then((answer) => ({
      ...answer,
      at: performance.now(),
    })),
  );
  const askedAt = performance.now();
  const refreshed = await fetch(`http://127.0.0.1:${rotating.port}/admin/apps/${appid}/refresh`, {
    method: 'POST',
    headers: bearer,
  });
  if (refreshed.status !== 200) throw new Error(`refresh of ${appid}: ${refreshed.status}`);
  await refreshed.arrayBuffer();
  const answers = await Promise.all(waiting);
  for (const answer of answers) {
    if (answer.version !== version + 1)
      throw new Error(`${appid}: version ${answer.version} after ${version}`);
  }
  return Math.max(...answers.map(({ at }) => at)) - askedAt;
}

async function read(hub, appid, headers = {}) {
  const response = await fetch(`http://127.0.0.1:${hub.port}${tokenPath(appid)}`, {
    headers: { ...bearer, ...headers },
  });
  if (response.status !== 200) throw new Error(`${appid}: ${response.status}`);
  return response.json();
}
