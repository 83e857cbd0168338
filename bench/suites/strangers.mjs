import { memoryOf } from '../lib/processes.mjs';
import { median, say, sayLoad } from '../lib/report.mjs';
import { appidOf, bearer, load, readyMs, ROAMING_KEY, setScene, startHub, tokenPath } from '../lib/scene.mjs';

export const title = 'callers from ever new addresses, with a good key and with ever new wrong ones';

/** More than the hub remembers of anything. */
const STRANGERS = 200_000;
const SECONDS = 12;

export async function run(report, { samples }) {
  const scene = await setScene(1);
  const paths = [tokenPath(appidOf(0))];
  const addresses = Array.from(
    { length: STRANGERS },
    (_, index) => `${20 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}.1`,
  );
  const roaming = addresses.map((address) => ({
    'x-forwarded-for': address,
    authorization: `Bearer ${ROAMING_KEY}`,
  }));
  const wrong = addresses.map((address, index) => ({
    'x-forwarded-for': address,
    authorization: `Bearer wrong-key-0123456789-0123456789-${String(index).padStart(8, '0')}`,
  }));
  const taken = [];
  for (let sample = 0; sample < samples; sample += 1) {
    const hub = await startHub(scene, { environment: { HUB_TRUSTED_PROXIES: '127.0.0.1' } });
    await readyMs(hub);
    const known = await load(hub, { paths, headers: bearer, seconds: 4 });
    sayLoad('one key, one address', known);
    const before = memoryOf(hub.pid);
    const good = await load(hub, { paths, headers: {}, varied: roaming, warmUpSeconds: 0, seconds: SECONDS });
    sayLoad('one key, new addresses', good);
    const bad = await load(hub, {
      paths,
      headers: {},
      varied: wrong,
      expectedStatus: 401,
      warmUpSeconds: 0,
      seconds: SECONDS,
    });
    sayLoad('wrong keys', bad);
    const after = memoryOf(hub.pid);
    say(`  memory ${before?.now.toFixed(0)} -> ${after?.now.toFixed(0)} MB`);
    taken.push({ known, good, bad, growth: before && after.now - before.now });
    await hub.stop();
  }
  await scene.close();
  const ratio = (name) => median(taken.map((of) => of[name].requestsPerSecond / of.known.requestsPerSecond));
  report.add('req/s, ever new addresses / one address', ratio('good'));
  report.add('req/s, ever new wrong keys (401) / good key', ratio('bad'));
  if (taken[0].growth !== undefined) {
    const growth = Math.max(...taken.map((of) => of.growth));
    report.add(`memory gained by ${STRANGERS} strangers, twice`, growth, {
      atMost: 60,
      unit: 'MB',
      digits: 0,
    });
  }
}
