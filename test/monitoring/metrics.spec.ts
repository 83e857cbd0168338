import { BusyHubs } from '../support/busy-hub.js';
import { documentedMetrics } from '../support/documented-metrics.js';
import type { Family } from '../support/prometheus.js';
import { promtool } from '../support/promtool.js';
import { until } from '../support/redis-server.js';

/** docs/metrics.md against three hubs on one Redis that have met everything that metrics tell of. */

const ONLY_ON_LINUX = ['virtual_memory_bytes', 'heap_bytes', 'open_fds', 'max_fds'].map(
  (name) => `wxhub_process_${name}`,
);
const documented = documentedMetrics();
const here = documented.filter(({ name }) => process.platform === 'linux' || !ONLY_ON_LINUX.includes(name));

let busy: BusyHubs;
let families: Map<string, Family>;
let texts: string[];

beforeAll(async () => {
  busy = await BusyHubs.start();
  await busy.work();
  // News travels, and garbage is collected, when it is time for it. What does not come is named by the tests below.
  const complete = async () => {
    families = await busy.families();
    return here.every(({ name }) => (families.get(name)?.samples.length ?? 0) > 0);
  };
  await until(complete).catch(() => undefined);
  texts = await busy.texts();
}, 60_000);

afterAll(() => busy.stop());

describe('docs/metrics.md', () => {
  it('has every metric that there is, and no other, each once', () => {
    expect(here.map(({ name }) => name).toSorted()).toEqual([...families.keys()].toSorted());
  });

  it.each(here.map((metric) => [metric.name, metric] as const))('%s: type and labels', (name, metric) => {
    const family = families.get(name);
    expect(family?.type).toBe(metric.type);
    expect(family?.samples.length).toBeGreaterThan(0);
    for (const { labels } of family!.samples) {
      const own = Object.keys(labels).filter((label) => label !== 'le');
      expect(own.toSorted()).toEqual([...metric.labels].toSorted());
    }
  });

  it.each(documented.map((metric) => [metric.name, metric] as const))('%s: unit', (name, { unit, type }) => {
    // Prometheus's naming: the unit is in the name, at its end but for counters.
    const bare = name.replace(/_total$/, '');
    if (bare.endsWith('_seconds')) expect(unit).toMatch(/^(seconds|Unix time)$/);
    if (bare.endsWith('_timestamp_seconds') || bare.endsWith('_time_seconds')) expect(unit).toBe('Unix time');
    if (bare.endsWith('_bytes')) expect(unit).toBe('bytes');
    if (/^(seconds|bytes|Unix time)$/.test(unit)) expect(bare).toMatch(/_(seconds|bytes)$/);
    if (bare.endsWith('_info')) expect(unit).toBe('always 1');
    expect(type === 'counter').toBe(name.endsWith('_total'));
  });

  it('says the same in Chinese', () => {
    const shape = ({ name, type, labels }: (typeof documented)[number]) => ({ name, type, labels });
    const chinese = documentedMetrics('.zh-CN');
    expect(chinese.map(shape)).toEqual(documented.map(shape));
    for (const { name, meaning } of chinese)
      expect([name, /\p{Script=Han}/u.test(meaning)]).toEqual([name, true]);
    const units = new Map(documented.map(({ name, unit }) => [name, unit]));
    const translations = new Map<string, Set<string>>();
    for (const { name, unit } of chinese) {
      const before = translations.get(unit) ?? new Set();
      translations.set(unit, before.add(units.get(name)!));
    }
    // 秒 is never bytes, Unix 时间 never seconds.
    for (const strict of ['seconds', 'bytes', 'Unix time', '0 or 1', 'always 1']) {
      const words = [...translations].filter(([, originals]) => originals.has(strict));
      expect(words.map(([, originals]) => [...originals])).toEqual([[strict]]);
    }
  });
});

it('promtool check metrics has nothing to say', () => {
  for (const text of texts) expect(promtool(['check', 'metrics'], text)).toEqual({ status: 0, text: '' });
});

it('promtool check metrics would have something to say', () => {
  const wrong = `${texts[0]!}# HELP wxhub_wrong x\n# TYPE wxhub_wrong counter\nwxhub_wrong 1\n`;
  const { status, text } = promtool(['check', 'metrics'], wrong);
  expect([status === 0, text.includes('wxhub_wrong')]).toEqual([false, true]);
});
