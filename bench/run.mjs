// npm run bench [-- suite… --samples N --seconds S --hub-arg FLAG]: measures, prints a table, exits with 1 when a target is missed.
import { parseArgs } from 'node:util';
import { buildIfNeeded } from '../scripts/lib/build.mjs';
import { CORES } from './lib/processes.mjs';
import { Report, say } from './lib/report.mjs';

const SUITES = [
  'hot-route',
  'many-apps',
  'reload',
  'scrape',
  'long-polls',
  'strangers',
  'capacity',
  'gateway',
  'drop-in',
  'login',
  'identity',
  'redis-rate',
  'redis-news',
  'redis-quiet',
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    samples: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    'hub-arg': { type: 'string', multiple: true, default: [] },
  },
});
const unknown = positionals.filter((name) => !SUITES.includes(name));
if (unknown.length > 0) {
  say(`unknown: ${unknown.join(', ')}; there are ${SUITES.join(', ')}`);
  process.exit(64);
}
const options = {
  samples: Number(values.samples),
  seconds: Number(values.seconds),
  hubArguments: values['hub-arg'],
};

buildIfNeeded();
say(
  CORES === undefined
    ? 'no taskset or a single core: nothing is pinned'
    : `server on core ${CORES.server}, everything else on core ${CORES.others}`,
);
const report = new Report();
for (const name of positionals.length > 0 ? positionals : SUITES) {
  const { title, run } = await import(`./suites/${name}.mjs`);
  say(`${name}: ${title}`);
  await run(report, options);
}
report.print();
process.exitCode = report.failed ? 1 : 0;
