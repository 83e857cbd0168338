import { documentedMetrics, hubSeriesIn, seriesNames } from '../support/documented-metrics.js';
import { expressionsOf, readDashboard } from '../support/grafana-dashboard.js';
import { notPromql } from '../support/promtool.js';

/** The Grafana dashboard of deploy/grafana. test/monitoring/prometheus.spec.ts asks a real Prometheus its questions. */

const dashboard = readDashboard();
const panels = dashboard.panels.filter(({ type }) => type !== 'row');
const DATA_SOURCE = { type: 'prometheus', uid: '${datasource}' };

it('asks in PromQL', () => {
  expect(notPromql(panels.flatMap(expressionsOf))).toEqual([]);
});

it('names metrics that there are, and has something of each sort', () => {
  const known = documentedMetrics().flatMap(seriesNames);
  const named = new Set(panels.flatMap(expressionsOf).flatMap(hubSeriesIn));
  expect([...named].filter((series) => !known.includes(series))).toEqual([]);
  for (const series of [
    'wxhub_token_expires_in_seconds',
    'wxhub_refresh_failing',
    'wxhub_refreshes_total',
    'wxhub_http_requests_total',
    'wxhub_http_request_duration_seconds_bucket',
    'wxhub_token_version',
    'wxhub_store_up',
    'wxhub_store_commands_total',
    'wxhub_gateway_calls_total',
    'wxhub_denials_total',
    'wxhub_unexpected_rotations_total',
  ]) {
    expect([...named]).toContain(series);
  }
});

it('lets its reader choose the data source, the namespace and the hub', () => {
  const variables = dashboard.templating.list.map(({ name, type }) => [name, type]);
  expect(variables).toEqual([
    ['datasource', 'datasource'],
    ['namespace', 'query'],
    ['job', 'query'],
  ]);
  for (const { name, type, datasource } of dashboard.templating.list) {
    if (type === 'query') expect([name, datasource]).toEqual([name, DATA_SOURCE]);
  }
});

it('has no panel twice, none over another, and none without a heading', () => {
  const ids = dashboard.panels.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const titles = panels.map(({ title }) => title);
  expect(new Set(titles).size).toBe(titles.length);
  expect(dashboard.panels[0]?.type).toBe('row');
  const taken = new Set<string>();
  for (const {
    title,
    gridPos: { x, y, w, h },
  } of dashboard.panels) {
    expect([title, x + w <= 24]).toEqual([title, true]);
    for (let column = x; column < x + w; column++) {
      for (let line = y; line < y + h; line++) {
        expect([title, taken.has(`${column} ${line}`)]).toEqual([title, false]);
        taken.add(`${column} ${line}`);
      }
    }
  }
});

describe.each(panels.map((panel) => [panel.title, panel] as const))('%s', (_title, panel) => {
  it('has a title, a line that explains it, a unit and the data source that was chosen', () => {
    expect(panel.title).not.toBe('');
    expect(panel.description ?? '').toMatch(/\S{2,}.*\.$/);
    expect(panel.fieldConfig?.defaults.unit ?? '').not.toBe('');
    expect(panel.datasource).toEqual(DATA_SOURCE);
    expect(panel.targets?.length).toBeGreaterThan(0);
    for (const target of panel.targets ?? []) expect(target.datasource).toEqual(DATA_SOURCE);
  });

  it('shows what was chosen alone', () => {
    for (const { expr } of panel.targets ?? []) {
      const selectors = [...expr.matchAll(/\bwxhub_\w+(\{[^}]*\})?/g)];
      for (const [, matchers] of selectors) {
        expect(matchers).toMatch(/namespace=~"\$namespace",job=~"\$job"/);
      }
    }
  });
});
