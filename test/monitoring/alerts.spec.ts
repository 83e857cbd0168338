import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import { parse } from 'yaml';
import { documentedMetrics, hubSeriesIn, seriesNames } from '../support/documented-metrics.js';
import { notPromql, promtool } from '../support/promtool.js';
import { kustomize, withKubectl } from '../deploy/manifests.js';

/** The alerts of deploy/alerts and their pages in docs/runbooks. */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RULES = join(ROOT, 'deploy/alerts/wechat-token-hub.yaml');
const TESTS = join(ROOT, 'deploy/alerts/wechat-token-hub.test.yaml');
const RUNBOOKS = join(ROOT, 'docs/runbooks');
const BASE = 'https://wechat-token-hub.example.com/docs/runbooks';

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface RuleTest {
  readonly name: string;
  readonly alert_rule_test: readonly {
    readonly alertname: string;
    readonly exp_alerts: readonly unknown[];
  }[];
}

const { groups } = parse(readFileSync(RULES, 'utf8')) as { groups: { rules: Alert[] }[] };
const alerts = groups.flatMap(({ rules }) => rules);
const { tests } = parse(readFileSync(TESTS, 'utf8')) as { tests: RuleTest[] };
const known = documentedMetrics().flatMap(seriesNames);
const pages = readdirSync(RUNBOOKS).filter((file) => !file.startsWith('README'));
const read = (page: string) => readFileSync(join(RUNBOOKS, page), 'utf8');

jest.setTimeout(60_000);

it('promtool finds nothing wrong with the rules', () => {
  const { status, text } = promtool(['check', 'rules', RULES]);
  expect([status, text]).toEqual([0, expect.stringContaining(`SUCCESS: ${alerts.length} rules found`)]);
});

it('each fires and stays silent as its tests say', () => {
  const { status, text } = promtool(['test', 'rules', TESTS]);
  expect([status, text]).toEqual([0, expect.stringContaining('SUCCESS')]);
});

it('there are twelve at most, each called once, by a name of its own', () => {
  const names = alerts.map(({ alert }) => alert);
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeLessThanOrEqual(12);
  expect(names.filter((name) => !/^Wxhub[A-Z][A-Za-z]+$/.test(name))).toEqual([]);
});

describe.each(alerts.map((alert) => [alert.alert, alert] as const))('%s', (name, alert) => {
  it('says how bad it is, what it is, and where its page is', () => {
    expect(Object.keys(alert.labels)).toEqual(['severity']);
    expect(['critical', 'warning']).toContain(alert.labels.severity);
    expect(Object.keys(alert.annotations).sort()).toEqual(['description', 'runbook_url', 'summary']);
    expect(alert.annotations.runbook_url).toBe(`${BASE}/${name}.md`);
    // A pager shows the first line alone.
    expect(alert.annotations.summary!.length).toBeLessThan(130);
    expect(alert.for).toMatch(/^\d+m$/);
  });

  it('is one for all replicas: no label of one of them is left', () => {
    expect(alert.expr).toMatch(/\bby \(namespace, job/);
    expect(alert.expr).not.toMatch(/\b(instance|pod)\b/);
  });

  it('is made of metrics that there are', () => {
    const named = hubSeriesIn(alert.expr);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((series) => !known.includes(series))).toEqual([]);
  });

  it('has a test in which it fires, and one in which it never does', () => {
    const own = tests
      .map(({ alert_rule_test: all }) => all.filter(({ alertname }) => alertname === name))
      .filter((cases) => cases.length > 0);
    const fires = (cases: RuleTest['alert_rule_test']) =>
      cases.some(({ exp_alerts: them }) => them.length > 0);
    expect(own.filter(fires).length).toBeGreaterThan(0);
    expect(own.filter((cases) => !fires(cases)).length).toBeGreaterThan(0);
  });

  it('clears: its test sees it gone again, or it is of things that come and go with nothing else', () => {
    const cleared = tests.some(({ alert_rule_test: all }) => {
      const own = all.filter(({ alertname }) => alertname === name);
      const first = own.findIndex(({ exp_alerts: them }) => them.length > 0);
      return first >= 0 && own.slice(first).some(({ exp_alerts: them }) => them.length === 0);
    });
    const comesAndGoes = ['WxhubDown', 'WxhubCallersGetErrors', 'WxhubExpiresSoon'];
    expect(cleared || comesAndGoes.includes(name)).toBe(true);
  });

  it.each([
    ['English', '.md', ['What it means', 'Impact', 'Check', 'Do', 'When it clears']],
    ['Chinese', '.zh-CN.md', ['含义', '影响', '检查', '处理', '何时解除']],
  ])('has a page in %s, with all its parts', (_language, ending, parts) => {
    const text = read(`${name}${ending}`);
    expect(text.startsWith(`# ${name}\n`)).toBe(true);
    expect([...text.matchAll(/^## (.*)$/gm)].map((match) => match[1])).toEqual(parts);
    expect(text).toContain(`\`${alert.labels.severity!}\``);
    // Each part says something, and the checks are commands.
    for (const part of text.split(/^## .*$/m).slice(1)) expect(part.trim().length).toBeGreaterThan(10);
    expect(/```(promql|sh)/.test(text)).toBe(true);
  });

  it('is in both lists of docs/runbooks', () => {
    const row = (file: string, ending: string) =>
      read(file).includes(`| [${name}](${name}${ending}) | ${alert.labels.severity!} |`);
    expect([row('README.md', '.md'), row('README.zh-CN.md', '.zh-CN.md')]).toEqual([true, true]);
  });
});

describe('docs/runbooks', () => {
  it('has no page of an alert that there is not', () => {
    const named = new Set(pages.map((page) => page.replace(/(\.zh-CN)?\.md$/, '')));
    expect([...named].sort()).toEqual(alerts.map(({ alert }) => alert).sort());
  });

  it('has queries that are PromQL, of metrics that there are', () => {
    const queries = pages.flatMap((page) =>
      [...read(page).matchAll(/^```promql\n([\s\S]*?)^```$/gm)].map((match) => match[1]!.trim()),
    );
    expect(queries.length).toBeGreaterThan(30);
    expect(notPromql([...new Set(queries)])).toEqual([]);
    expect(queries.flatMap(hubSeriesIn).filter((series) => !known.includes(series))).toEqual([]);
  });

  const commands = pages
    .concat('README.md', 'README.zh-CN.md')
    .flatMap((page) =>
      [...read(page).matchAll(/^```sh(?: run)?\n([\s\S]*?)^```$/gm)].map((match) => match[1]!),
    )
    .join('\n');

  withKubectl('has commands', () => {
    it('for what is deployed', () => {
      const objects = kustomize('kustomize/overlays/replicated');
      const deployed = JSON.stringify(objects);
      for (const [, name] of commands.matchAll(/-n (\S+)/g))
        expect(objects.some(({ kind, metadata }) => kind === 'Namespace' && metadata.name === name)).toBe(
          true,
        );
      for (const [, name] of commands.matchAll(/deployment\/(\S+)/g))
        expect(objects.some(({ kind, metadata }) => kind === 'Deployment' && metadata.name === name)).toBe(
          true,
        );
      for (const [, key, value] of commands.matchAll(/-l (\S+?)=(\S+)/g))
        expect(deployed).toContain(`"${key!}":"${value!}"`);
      for (const [, container] of commands.matchAll(/--target=(\S+)/g))
        expect(deployed).toContain(`"name":"${container!}"`);
    });
  });

  it('has commands for what is in the log, and on the command line', () => {
    const logged = readFileSync(join(ROOT, 'src/logging/event-log.ts'), 'utf8');
    const quoted = [...commands.matchAll(/grep '([\w ]+)'/g)].map((match) => match[1]!);
    expect(quoted.length).toBeGreaterThan(2);
    expect(quoted.filter((words) => !logged.includes(words))).toEqual([]);
    const programs = readdirSync(join(ROOT, 'src/cli')).map((file) => file.replace('.command.ts', ''));
    for (const [, command] of commands.matchAll(/dist\/cli\/main\.js (\w+)/g))
      expect(programs).toContain(command);
  });

  it('names no metric in its text that there is not', () => {
    const unknown = pages.flatMap((page) =>
      hubSeriesIn(read(page))
        .filter((series) => !known.includes(series))
        .map((series) => `${page}: ${series}`),
    );
    expect(unknown).toEqual([]);
  });
});

it('their links lead to where you keep the pages, and nowhere until you say where', async () => {
  const script = '../../deploy/sync-alerts.mjs';
  const { prometheusRule } = (await import(script)) as { prometheusRule: (base?: string) => string };
  const links = prometheusRule('https://git.example.com/hub/runbooks/').match(
    /runbook_url: https:\/\/git\.example\.com\/hub\/runbooks\/\w+\.md/g,
  );
  expect(links).toHaveLength(alerts.length);
  expect(prometheusRule()).not.toContain('runbook_url');
});

it('what is no PromQL is noticed', () => {
  expect(notPromql(['up', 'rate(up[5m]', 'sum by x'])).toHaveLength(2);
});
