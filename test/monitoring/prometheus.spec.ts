import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import { BusyHubs } from '../support/busy-hub.js';
import { expressionsOf, readDashboard } from '../support/grafana-dashboard.js';
import { PrometheusServer } from '../support/prometheus-server.js';
import { until } from '../support/redis-server.js';

/** A real Prometheus scrapes three real hubs: do the dashboard's questions have answers, do the alerts see what is? */

const RULES = fileURLToPath(new URL('../../deploy/alerts/wechat-token-hub.yaml', import.meta.url));
const panels = readDashboard().panels.filter(({ type }) => type !== 'row');

let busy: BusyHubs;
let prometheus: PrometheusServer;

jest.setTimeout(60_000);

beforeAll(async () => {
  busy = await BusyHubs.start();
  await busy.work();
  prometheus = await PrometheusServer.start(
    busy.hubs.map(({ opsPort }) => opsPort),
    [RULES],
  );
  // Prometheus takes 5 s until its first scrape. Rates need two samples, and what was counted before the first of
  // them shows in none.
  const shows = (query: string, count: number) =>
    until(async () => (await prometheus.query(query)).length >= count, 30_000);
  await shows('count_over_time(wxhub_build_info[1m]) >= 2', busy.hubs.length);
  await busy.rival();
  await busy.work();
  await shows('rate(wxhub_token_reports_total[1m]) > 0', 1);
  await shows('increase(wxhub_unexpected_rotations_total[1m]) > 0', 1);
}, 90_000);

afterAll(async () => {
  await prometheus.stop();
  await busy.stop();
});

it.each(panels.map((panel) => [panel.title, panel] as const))(
  'the panel “%s” shows something',
  async (_title, panel) => {
    for (const expression of expressionsOf(panel)) {
      // The keys of these hubs live for ever.
      const empty = panel.title === 'Client keys that end';
      const result = await prometheus.query(expression);
      expect([expression, result.length > 0]).toEqual([expression, !empty]);
    }
  },
);

it('every rule can be evaluated, and those see what is wrong that should', async () => {
  await until(async () => (await prometheus.rules()).every(({ health }) => health !== 'unknown'));
  const rules = await prometheus.rules();
  expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
  const raised = rules.flatMap(({ name, alerts }) =>
    alerts.map(({ labels: { appid = '', reason = '' } }) => [name, appid, reason].filter(Boolean).join(' ')),
  );
  expect(raised).toEqual(
    expect.arrayContaining(['WxhubAppWithoutToken wx-refused', 'WxhubWeChatRefuses wx-refused 40164']),
  );
  const unmoved = ['WxhubDown', 'WxhubRedisUnreachable', 'WxhubConfigRefused', 'WxhubTokenEndsSoon'];
  expect(raised.filter((one) => unmoved.some((name) => one.startsWith(name)))).toEqual([]);
});
