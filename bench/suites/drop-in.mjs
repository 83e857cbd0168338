import { addRateRatio, compareInTurns } from '../lib/compare.mjs';
import { appidOf, KEY, readyMs, setScene, startHub, tokenPath } from '../lib/scene.mjs';

export const title = 'GET /cgi-bin/token against GET /v1/apps/{appid}/token of the same hub';

export async function run(report, { samples, seconds, hubArguments }) {
  const scene = await setScene(1);
  const query = new URLSearchParams({ grant_type: 'client_credential', appid: appidOf(0), secret: KEY });
  const pairs = [];
  for (let sample = 0; sample < samples; sample += 1) {
    const hub = await startHub(scene, { nodeArguments: hubArguments });
    await readyMs(hub);
    const { a, b } = await compareInTurns(
      {
        name: 'drop-in',
        server: hub,
        // As an SDK calls: the key stands in the query alone.
        options: { paths: [`/cgi-bin/token?${query.toString()}`], headers: {} },
      },
      { name: '/v1', server: hub, options: { paths: [tokenPath(appidOf(0))] } },
      { seconds },
    );
    pairs.push({ ours: a, theirs: b });
    await hub.stop();
  }
  await scene.close();
  addRateRatio(report, 'drop-in / token route', pairs, { atLeast: 0.9 });
}
