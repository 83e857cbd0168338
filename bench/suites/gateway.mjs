import { join } from 'node:path';
import { root } from '../../scripts/lib/build.mjs';
import { compareInTurns } from '../lib/compare.mjs';
import { startNode } from '../lib/processes.mjs';
import { median, say } from '../lib/report.mjs';
import { appidOf, readyMs, setScene, startHub } from '../lib/scene.mjs';

export const title = 'calls through the gateway against a plain reverse proxy with the same HTTP client';

/** As an SDK calls: the token in the query. The plain proxy passes it on; the hub puts it in. */
const PATH = '/cgi-bin/message/custom/send';
const TOKEN_QUERY = `?access_token=SIMULATED-${'x'.repeat(140)}`;
const KINDS = {
  'GET, 1 KiB back': {},
  'POST, 1 KiB both ways': { method: 'POST', body: JSON.stringify({ touser: 'x'.repeat(1000) }) },
};

export async function run(report, { samples, seconds, hubArguments }) {
  for (const [kind, options] of Object.entries(KINDS)) {
    const pairs = [];
    for (let sample = 0; sample < samples; sample += 1) {
      pairs.push(await measure(options, { seconds, hubArguments }));
    }
    const ratio = (of) => median(pairs.map(({ ours, theirs }) => of(ours) / of(theirs)));
    const busiest = Math.max(
      ...pairs.flatMap(({ ours, theirs }) => [ours.generatorBusy, theirs.generatorBusy]),
    );
    if (busiest > 0.95)
      say('  the load generator was the bottleneck in a sample: the ratio is nearer to 1 than the truth');
    report.add(
      `gateway, ${kind}: req/s, hub / plain`,
      ratio((load) => load.requestsPerSecond),
      { atLeast: 0.8 },
    );
    report.add(
      `gateway, ${kind}: p99, hub / plain`,
      ratio((load) => load.p99),
      { atMost: 1.5 },
    );
    if (pairs[0].ours.serverCpuMicroseconds !== undefined) {
      report.add(
        `gateway, ${kind}: CPU per call, plain / hub`,
        ratio((load) => 1 / load.serverCpuMicroseconds),
      );
    }
  }
}

/** Fresh processes all. */
async function measure(options, { seconds, hubArguments }) {
  const upstream = startNode('others', [join(root, 'bench', 'lib', 'plain-upstream.mjs')]);
  const upstreamUrl = `http://127.0.0.1:${(await upstream.line()).port}`;
  const scene = await setScene(1, { may: ['read', 'gateway'] });
  const hub = await startHub({ ...scene, simulatorUrl: upstreamUrl }, { nodeArguments: hubArguments });
  await readyMs(hub);
  const plain = startNode('server', [
    join(root, 'bench', 'lib', 'plain-proxy.mjs'),
    JSON.stringify({ upstream: upstreamUrl }),
  ]);
  const server = { ...plain, ...(await plain.line()) };
  const { a, b } = await compareInTurns(
    { name: 'hub', server: hub, options: { ...options, paths: [`/v1/apps/${appidOf(0)}/wechat${PATH}`] } },
    { name: 'plain proxy', server, options: { ...options, paths: [`${PATH}${TOKEN_QUERY}`] } },
    { seconds },
  );
  await Promise.all([hub.stop(), plain.stop(), upstream.stop()]);
  await scene.close();
  return { ours: a, theirs: b };
}
