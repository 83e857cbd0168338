import { median, sayLoad } from '../lib/report.mjs';
import { allHeldMs, load, MANY, readyMs, setScene, startHub, tokenPaths } from '../lib/scene.mjs';

export const title = `/metrics of ${MANY} apps scraped, while requests come in`;

const RATE = 1000;
const SECONDS = 6;
const SCRAPE_EVERY_MS = 500;

export async function run(report, { samples }) {
  const scene = await setScene(MANY);
  const taken = [];
  for (let sample = 0; sample < samples; sample += 1) {
    const hub = await startHub(scene);
    await readyMs(hub);
    await allHeldMs(hub, MANY);
    const measured = load(hub, { paths: tokenPaths(MANY), rate: RATE, warmUpSeconds: 1, seconds: SECONDS });
    const scrapes = [];
    let bytes = 0;
    const endsAt = performance.now() + (SECONDS + 1) * 1000;
    while (performance.now() < endsAt) {
      const startedAt = performance.now();
      bytes = (await (await fetch(`http://127.0.0.1:${hub.opsPort}/metrics`)).text()).length;
      scrapes.push(performance.now() - startedAt);
      await new Promise((resolve) => setTimeout(resolve, SCRAPE_EVERY_MS));
    }
    const during = await measured;
    sayLoad('during scrapes', during);
    taken.push({ during, scrapeMs: median(scrapes), megabytes: bytes / 1e6 });
    await hub.stop();
  }
  await scene.close();
  const middle = (of) => median(taken.map(of));
  const ms = { unit: 'ms', digits: 1 };
  report.add(
    `scrape of ${MANY} apps: p99.9 of requests meanwhile`,
    middle((of) => of.during.p999),
    { atMost: 50, ...ms },
  );
  report.add(
    `scrape of ${MANY} apps: longest request meanwhile`,
    middle((of) => of.during.max),
    ms,
  );
  report.add(
    `scrape of ${MANY} apps: takes`,
    middle((of) => of.scrapeMs),
    { ...ms, note: `${taken[0].megabytes.toFixed(1)} MB` },
  );
}
