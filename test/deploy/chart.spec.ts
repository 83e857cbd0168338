import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { CASES, client, COMPANY, EVERYTHING, REDIS, replicated, TEAMS } from './chart-values.js';
import { problemsOf } from './kubernetes-schemas.js';
import {
  CHART,
  DEPLOY,
  helmLint,
  helmNotes,
  helmTemplate,
  kustomize,
  objectsOf,
  readable,
  withBoth,
  withHelm,
  type KubernetesObject,
  type Values,
} from './manifests.js';
import { violations } from './promises.js';

/** The Helm chart: what it renders, what it refuses, and that it is the Kustomize tree in another form. */

/** A release called as the chart, so that names are those of the Kustomize tree. */
const RELEASE = { release: 'wechat-token-hub', namespace: 'wechat-token-hub' };
const rendered = (values: Values = {}) => helmTemplate({ ...RELEASE, values });
const objects = (values: Values = {}, hooks = false) =>
  objectsOf(helmTemplate({ ...RELEASE, values, hooks }));
const podOf = (values: Values) =>
  (
    objects(values).find(({ kind }) => kind === 'Deployment') as never as {
      spec: { template: { spec: Pod } };
    }
  ).spec.template.spec;
const defaults = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8')) as Values;
const schema = JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8'));

interface Pod {
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly containers: readonly { readonly name: string; readonly securityContext?: unknown }[];
  readonly volumes: readonly { readonly name: string; readonly projected?: unknown }[];
}

jest.setTimeout(60_000);

withHelm('what it renders', () => {
  it('is what Kubernetes accepts, in every case: no schema violated, no unknown field', () => {
    expect(problemsOf(CASES.flatMap(([, values]) => objects(values, true)))).toEqual([]);
  });

  it.each(CASES.slice(0, 4))('keeps what every deployment of the hub must keep: %s', (_name, values) => {
    expect(violations(objects(values))).toEqual([]);
  });

  it.each(CASES)('reads the same as YAML 1.1 and 1.2: %s', (_name, values) => {
    const [old, now] = (['1.1', '1.2'] as const).map((version) =>
      parseAllDocuments(rendered(values), { version }).map((document) => document.toJS() as unknown),
    );
    expect(old).toEqual(now);
  });

  it.each(CASES)('has nothing for `helm lint --strict` to find: %s', (_name, values) => {
    expect(helmLint(values)).toBe('');
  });

  it('names everything after the release', () => {
    const names = (release: string, values: Values = {}) =>
      new Set(
        objectsOf(helmTemplate({ release, namespace: 'shop', values })).map(({ metadata }) => metadata.name),
      );
    expect(names('shop')).toEqual(new Set(['shop-wechat-token-hub', 'shop-wechat-token-hub-ops']));
    expect(names('x', { fullnameOverride: 'hub' })).toEqual(new Set(['hub', 'hub-ops']));
    for (const name of names('r'.repeat(53))) expect(name.length).toBeLessThanOrEqual(63);
  });

  it('everything: Secrets, environment, TLS, image', () => {
    const all = objects(EVERYTHING);
    const data = (name: string) =>
      (all.find(({ metadata }) => metadata.name === name) as never as { stringData: object }).stringData;
    expect(data('wechat-token-hub-appsecrets')).toEqual({ shop: 'not-a-secret: "quoted" #1' });
    expect(data('wechat-token-hub-redis')).toEqual({ url: 'redis+sentinel://one:26379,two:26379/main' });
    const deployment = JSON.stringify(all.find(({ kind }) => kind === 'Deployment'));
    expect(deployment).not.toContain('"value":"redis');
    const hub = JSON.parse(deployment).spec.template.spec.containers[0];
    expect(hub.image).toBe(`registry.example.com/hub@sha256:${'0'.repeat(64)}`);
    expect(hub.env.map(({ name }: { name: string }) => name)).toEqual([
      'HUB_APPS_FILE',
      'HUB_REDIS_URL',
      'HUB_ENCRYPTION_KEYS',
      'HUB_TLS_CERT_FILE',
      'HUB_TLS_KEY_FILE',
      'HUB_TLS_CLIENT_CA_FILE',
      'HUB_CONSOLE_OPEN',
      'HUB_LOG_LEVEL',
      'HUB_TRUSTED_PROXIES',
      'SHOP_APPSECRET',
    ]);
    expect(
      parse(
        (
          all.find(
            ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'wechat-token-hub',
          ) as never as { data: Record<string, string> }
        ).data['apps.yaml']!,
      ),
    ).toEqual(EVERYTHING.config);
  });

  it('a company’s: what OpenShift chooses by itself is left to it, what is mounted may be written where it is meant', () => {
    expect(violations(objects(COMPANY))).toEqual([
      'runs as a user that is not root, with the default seccomp profile',
      'mounts whole folders, read-only, so that changes arrive',
      'may reach DNS and WeChat, and Redis where it is used',
    ]);
    const pod = podOf(COMPANY);
    expect(pod.securityContext).toEqual({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(pod.containers.map(({ name }) => name)).toEqual(['hub', 'log-shipper']);
    expect(pod.volumes.find(({ name }) => name === 'appsecrets')).toEqual({
      name: 'appsecrets',
      projected: {
        defaultMode: 0o440,
        sources: [
          { secret: { name: 'team-shop', optional: true } },
          { secret: { name: 'team-live', optional: true } },
        ],
      },
    });
    const policy = JSON.stringify(objects(COMPANY).find(({ kind }) => kind === 'NetworkPolicy')?.spec);
    expect(policy).toContain('"port":5353');
    expect(policy).not.toContain('"port":53,');
  });

  it('teams: a folder of files, each under the name that the values give it, and secrets in a folder for each', () => {
    const all = objects(TEAMS);
    const { volumes, containers } = podOf(TEAMS);
    const [hub] = containers as never as {
      env: { name: string; value: string }[];
      volumeMounts: { name: string; mountPath: string }[];
    }[];
    expect(Object.fromEntries(hub!.env.map(({ name, value }) => [name, value]))).toMatchObject({
      HUB_APPS_FILE: '/etc/wechat-token-hub/config',
      HUB_SECRETS_DIR: '/etc/wechat-token-hub/tenants',
    });
    const files = (volumes.find(({ name }) => name === 'config')?.projected as { sources: object[] }).sources;
    expect(files).toEqual([
      { configMap: { name: 'wechat-token-hub', items: [{ key: 'apps.yaml', path: 'hub.yaml' }] } },
      {
        configMap: { name: 'hub-team-b', optional: true, items: [{ key: 'team.yaml', path: 'team-b.yaml' }] },
      },
      { configMap: { name: 'shared', optional: true, items: [{ key: 'c.yaml', path: 'team-c.yaml' }] } },
      { configMap: { name: 'wechat-token-hub-tenants' } },
    ]);
    const own = all.find(({ metadata }) => metadata.name === 'wechat-token-hub-tenants') as never as {
      data: Record<string, string>;
    };
    expect(Object.entries(own.data).map(([file, text]) => [file, parse(text)])).toEqual([
      ['Team_A.x.yaml', (TEAMS.tenants as Record<string, { config: object }>)['Team_A.x']!.config],
    ]);
    const secretAt = (path: string): unknown => {
      const mount = hub!.volumeMounts.find(({ mountPath }) => mountPath === path);
      return volumes.find(({ name }) => name === mount?.name);
    };
    expect(secretAt('/etc/wechat-token-hub/tenants/Team_A.x')).toMatchObject({
      secret: { secretName: 'hub-team-a', optional: true },
    });
    expect(secretAt('/etc/wechat-token-hub/tenants/team-b')).toMatchObject({
      secret: { secretName: 'hub-team-b' },
    });
    expect(secretAt('/etc/wechat-token-hub/tenants/team-c')).toBeUndefined();
  });

  it.each<[string, Values]>([
    ['a team called hub', { hub: { configMap: 'x' } }],
    ['a name that no file may have', { '../x': { configMap: 'x' } }],
    ['both', { a: { configMap: 'x', config: { version: 1 } } }],
    ['neither', { a: { secret: 'x' } }],
    ['what a team may not say', { a: { config: { version: 1, defaults: {} } } }],
  ])('refuses of teams %s', (_what, tenants) => {
    expect(() => objects({ tenants })).toThrow();
  });

  it('security contexts can be dropped as a whole', () => {
    const pod = podOf({ podSecurityContext: null, securityContext: null });
    expect([pod.securityContext, pod.containers[0]!.securityContext]).toEqual([undefined, undefined]);
  });

  it('common labels are on every object and pod, and on no selector', () => {
    for (const object of objects(COMPANY, true)) {
      expect([object.kind, object.metadata.labels?.team]).toEqual([object.kind, 'platform']);
      const { selector = {}, template } = (object.spec ?? {}) as { selector?: object; template?: object };
      expect(JSON.stringify(selector)).not.toContain('"team"');
      if (template !== undefined) expect(JSON.stringify(template)).toContain('"team":"platform"');
    }
  });

  it('nothing outside of its Secret is made of the password in redis.url, not even a hash', () => {
    const outside = (url: string) => objects({ redis: { url } }).filter(({ kind }) => kind !== 'Secret');
    const one = 'redis://hub:not-a-secret-1@redis:6379/0';
    expect(outside(one)).toEqual(outside('redis://hub:not-a-secret-2@redis:6379/0'));
    expect(outside(one)).not.toEqual(outside('redis://hub:not-a-secret-1@redis-2:6379/0'));
    expect(JSON.stringify(outside(one))).not.toMatch(/not-a-secret|sha256/);
  });

  it('extra objects are templates', () => {
    const names = objects(EVERYTHING).map(({ metadata }) => metadata.name);
    expect(names).toContain('wechat-token-hub-extra');
  });

  it('Ingress and HTTPRoute lead to a port that the Service has', () => {
    const all = objects(EVERYTHING);
    const find = (kind: string) =>
      all.find((each) => each.kind === kind && each.metadata.name === 'wechat-token-hub')?.spec as never;
    const { ports } = find('Service') as { ports: { port: number }[] };
    const { rules } = find('Ingress') as { rules: { http: { paths: { backend: object }[] } }[] };
    const [{ port }] = ports as [{ port: number }];
    expect(rules[0]!.http.paths[0]!.backend).toEqual({
      service: { name: 'wechat-token-hub', port: { number: port } },
    });
    const route = find('HTTPRoute') as { rules: { backendRefs: object[] }[] };
    expect(route.rules[0]!.backendRefs).toEqual([{ name: 'wechat-token-hub', port }]);
  });

  it('helm test runs the doctor as the hub would run, where no Service and no policy takes it for a hub', () => {
    const all = objects(EVERYTHING, true);
    const pod = all.find(({ kind }) => kind === 'Pod') as KubernetesObject & {
      spec: { containers: [{ image: string; args: string[]; env: unknown; volumeMounts: unknown }] };
    };
    expect(pod.metadata.annotations).toMatchObject({ 'helm.sh/hook': 'test' });
    const [doctor] = pod.spec.containers;
    const hub = podOf(EVERYTHING).containers[0] as unknown as typeof doctor;
    expect(doctor.args).toEqual(['dist/cli/main.js', 'doctor', '--skip-apps']);
    expect([doctor.image, doctor.env, doctor.volumeMounts]).toEqual([hub.image, hub.env, hub.volumeMounts]);
    expect(pod.metadata.labels?.['app.kubernetes.io/name']).toBe('wechat-token-hub-doctor');
    const { stdout } = spawnSync(
      process.execPath,
      [join(DEPLOY, '../dist/cli/main.js'), 'doctor', '--help'],
      {
        encoding: 'utf8',
      },
    );
    expect(stdout).toContain('--skip-apps');
  });

  it('rules keep their own braces', () => {
    const groupsOf = (text: string) => (parse(text) as { groups: { rules: { expr: string }[] }[] }).groups;
    const rule = objects(EVERYTHING).find(({ kind }) => kind === 'PrometheusRule') as never as {
      spec: { groups: { rules: { annotations?: { summary: string } }[] }[] };
    };
    const own = groupsOf(readFileSync(join(DEPLOY, 'alerts/wechat-token-hub.yaml'), 'utf8'));
    expect(JSON.stringify(rule.spec.groups[0])).toContain('App {{ $labels.appid }} has no valid token');
    expect(rule.spec.groups[0]!.rules.map((each) => ({ ...each, annotations: undefined }))).toEqual(
      own[0]!.rules.map((each) => ({ ...each, annotations: undefined })),
    );
  });

  it('alerts link to where the runbooks are kept', () => {
    const rule = objects(EVERYTHING).find(({ kind }) => kind === 'PrometheusRule') as never as {
      spec: { groups: { rules: { alert: string; annotations?: { runbook_url: string } }[] }[] };
    };
    const [hub, mine] = rule.spec.groups;
    for (const { alert, annotations } of hub!.rules) {
      expect(annotations?.runbook_url).toBe(`https://git.example.com/hub/runbooks/${alert}.md`);
    }
    expect(hub!.rules).toHaveLength(12);
    expect(mine!.rules.map(({ alert }) => alert)).toEqual(['Mine']);
  });

  it('the dashboard is the one of deploy/grafana, as Kustomize has it too', () => {
    const ofHelm = objects(EVERYTHING).find(({ metadata }) => metadata.name === 'wechat-token-hub-dashboard');
    const [ofKustomize] = kustomize('kustomize/components/dashboard');
    const text = readFileSync(join(DEPLOY, 'grafana/wechat-token-hub.json'), 'utf8');
    for (const map of [ofHelm, ofKustomize] as never as { data: Record<string, string>; metadata: never }[]) {
      expect(map.metadata).toMatchObject({ labels: { grafana_dashboard: '1' } });
      expect(Object.keys(map.data)).toEqual(['wechat-token-hub.json']);
      expect(JSON.parse(map.data['wechat-token-hub.json']!)).toEqual(JSON.parse(text));
    }
    expect(problemsOf([ofKustomize!])).toEqual([]);
  });

  it('a policy without peers lets nobody in, rather than everybody', () => {
    const policy = objects(CASES.at(-1)![1]).find(({ kind }) => kind === 'NetworkPolicy');
    expect(Object.keys(policy?.spec as object).sort()).toEqual(['podSelector', 'policyTypes']);
    expect(policy?.spec).toMatchObject({ policyTypes: ['Ingress', 'Egress'] });
  });
});

/**
 * Helm's objects and Kustomize's are the same but for: labels that only Helm has (version, managed-by, chart),
 * namespaces, and the way apps.yaml is written (its content is compared).
 */
withBoth('the chart and the Kustomize tree', () => {
  const HELM_LABELS = ['app.kubernetes.io/version', 'app.kubernetes.io/managed-by', 'helm.sh/chart'];

  function comparable(all: readonly KubernetesObject[]): Record<string, unknown> {
    return Object.fromEntries(
      structuredClone([...all]).map((object) => {
        const labels = Object.entries(object.metadata.labels ?? {}).filter(
          ([key]) => !HELM_LABELS.includes(key),
        );
        object.metadata.labels = Object.fromEntries(labels);
        delete object.metadata.namespace;
        return [`${object.kind}/${object.metadata.name}`, readable(object)];
      }),
    );
  }

  it('the defaults are the base, object by object', () => {
    const helm = comparable(objects());
    const base = comparable(kustomize('kustomize/base'));
    expect(Object.keys(helm).sort()).toEqual(Object.keys(base).sort());
    for (const [name, object] of Object.entries(base)) expect(helm[name]).toEqual(object);
  });

  it('with the same settings it is the overlay `replicated`', () => {
    const overlay = kustomize('kustomize/overlays/replicated').filter(({ kind }) => kind !== 'Namespace');
    const map = overlay.find(({ kind }) => kind === 'ConfigMap') as never as { data: Record<string, string> };
    const settings: Values = {
      ...REDIS,
      ...replicated(),
      config: parse(map.data['apps.yaml']!) as Values,
      image: { repository: 'registry.example.com/wechat-token-hub' },
    };
    // Environment and rules of strategic merges may stand in another order.
    const sortEnv = (all: Record<string, unknown>) => {
      const hub = (
        all['Deployment/wechat-token-hub'] as never as {
          spec: { template: { spec: { containers: { env: { name: string }[] }[] } } };
        }
      ).spec.template.spec.containers[0]!;
      hub.env.sort((a, b) => a.name.localeCompare(b.name));
      return all;
    };
    expect(sortEnv(comparable(objects(settings)))).toEqual(sortEnv(comparable(overlay)));
  });
});

withHelm('what it refuses', () => {
  it.each([
    ['replicas without Redis', { replicas: 2 }, /more than one replica needs Redis/],
    ['autoscaling without Redis', { autoscaling: { enabled: true } }, /more than one replica needs Redis/],
    [
      'two places for Redis',
      { redis: { url: 'redis://r', existingSecret: 's' } },
      /redis\.url and redis\.existingSecret/,
    ],
    ['two places for AppSecrets', { appSecrets: { create: { a: 'b' }, existingSecret: 's' } }, /keep one/],
    [
      'a volume called as one of its own',
      { extraVolumes: [{ name: 'config', emptyDir: {} }] },
      /another name/,
    ],
    ['a sidecar called hub', { extraContainers: [{ name: 'hub', image: 'x' }] }, /another name/],
    [
      'one and several Secrets',
      { appSecrets: { existingSecret: 'a', existingSecrets: ['b'] } },
      /appSecrets\.existingSecrets: keep one/,
    ],
    ['too little time to end', { preStopSleepSeconds: 25 }, /terminationGracePeriodSeconds must be at least/],
  ] as const)('%s', (_name, values, message) => {
    expect(() => rendered(values as Values)).toThrow(message);
  });

  it.each([
    ['several with Redis', { ...REDIS, replicas: 5 }],
    ['none at all', { replicas: 0 }],
    ['just enough time', { preStopSleepSeconds: 20 }],
  ] as const)('but not %s', (_name, values) => {
    expect(violations(objects(values as Values))).toEqual([]);
  });
});

withHelm('values.schema.json', () => {
  it.each<readonly [string, Values, string]>([
    ['a name that does not exist', { replica: 2 }, "'replica' not allowed"],
    ['one deeper down', { redis: { uri: 'redis://r' } }, "'uri' not allowed"],
    ['a number as text', { replicas: '2' }, '/replicas'],
    ['less than none', { replicas: -1 }, '/replicas'],
    ['a URL that is not of Redis', { redis: { url: 'http://r' } }, '/redis/url'],
    ['a number in the environment', { env: { HUB_WECHAT_TIMEOUT_MS: 5000 } }, '/env/HUB_WECHAT_TIMEOUT_MS'],
    ['an environment that is not the hub’s', { env: { PATH: '/bin' } }, "'PATH' does not match"],
    ['what the chart sets itself', { env: { HUB_PORT: '80' } }, "invalid propertyName 'HUB_PORT'"],
    [
      'an AppSecret in the ConfigMap',
      { config: { version: 1, apps: [{ appid: 'wx', secret: 'x' }] } },
      '/config/apps/0',
    ],
    ['another version of apps.yaml', { config: { version: 2 } }, '/config/version'],
    ['an act that there is not', client({ may: ['gatway'] }), '/config/clients/0/may/0'],
    ['an address that is none', client({ allowIps: ['10.0.0.0/99'] }), '/config/clients/0/allowIps/0'],
    [
      'a hash that is none',
      client({ keys: [{ id: 'a', sha256: 'abc' }] }),
      '/config/clients/0/keys/0/sha256',
    ],
    ['an Ingress without a host', { ingress: { enabled: true } }, '/ingress/hosts'],
    ['a route without a Gateway', { httpRoute: { enabled: true } }, '/httpRoute/parentRefs'],
    ['a volume without a name', { extraVolumes: [{ emptyDir: {} }] }, '/extraVolumes/0'],
    ['an object without a kind', { extraObjects: [{ apiVersion: 'v1' }] }, '/extraObjects/0'],
    ['a time-out that is none', { serviceMonitor: { scrapeTimeout: 'x' } }, '/serviceMonitor/scrapeTimeout'],
    ['a policy for everybody by accident', { networkPolicy: { callers: [{}] } }, '/networkPolicy/callers/0'],
    ['a misspelt peer', { networkPolicy: { callers: [{ podSelektor: {} }] } }, '/networkPolicy/callers/0'],
    [
      'a budget that blocks drains',
      { podDisruptionBudget: { maxUnavailable: 0 } },
      '/podDisruptionBudget/maxUnavailable',
    ],
    ['a tag that is none', { image: { tag: 'a b' } }, '/image/tag'],
    ['no image', { image: { repository: '' } }, '/image/repository'],
    ['an unknown pull policy', { image: { pullPolicy: 'Sometimes' } }, '/image/pullPolicy'],
    ['a port that is none', { service: { port: 0 } }, '/service/port'],
    ['an interval that is none', { serviceMonitor: { interval: '30' } }, '/serviceMonitor/interval'],
  ])('refuses %s', (_name, values, said) => {
    expect(() => rendered(values)).toThrow(said.startsWith('/') ? `at '${said}'` : said);
  });

  it('has every value of values.yaml, and no other', () => {
    const pathsOf = (node: { properties?: Record<string, never> }, prefix: string): string[] =>
      Object.entries(node.properties ?? {}).flatMap(([key, child]) => [
        `${prefix}${key}`,
        ...pathsOf(child, `${prefix}${key}.`),
      ]);
    const inSchema = pathsOf(schema, '').filter((path) => path !== 'global');
    const inValues = (node: Values, prefix: string): string[] =>
      Object.entries(node).flatMap(([key, value]) => {
        const path = `${prefix}${key}`;
        return inSchema.some((each) => each.startsWith(`${path}.`))
          ? [path, ...inValues(value as Values, `${path}.`)]
          : [path];
      });
    expect(inSchema.sort()).toEqual(inValues(defaults, '').sort());
  });
});

it('what is made of other files is up to date: else run node deploy/sync-chart.mjs', async () => {
  const script = '../../deploy/sync-chart.mjs';
  const { made } = (await import(script)) as { made: () => Promise<Record<string, string>> };
  const files = await made();
  expect(Object.keys(files)).toEqual(['values.schema.json', 'README.md']);
  for (const [file, text] of Object.entries(files)) {
    expect([file, readFileSync(join(CHART, file), 'utf8')]).toEqual([file, text]);
  }
  const table = [...files['README.md']!.matchAll(/^\| `([\w.]+)` /gm)].map(([, path]) => path);
  expect(new Set(table).size).toBe(table.length);
  for (const key of Object.keys(defaults))
    expect(table.some((path) => path === key || path!.startsWith(`${key}.`))).toBe(true);
});

it('a pattern that Helm cannot read becomes one that it can', async () => {
  const script = '../../deploy/sync-chart.mjs';
  const { forHelm } = (await import(script)) as { forHelm: (schema: object) => object };
  expect(forHelm({ pattern: '^(?!a[)]|(b))(?=.*:)[^\\u0000]+$' })).toEqual({
    pattern: '^[^\\x{0000}]+$',
    allOf: [{ not: { pattern: '^a[)]|(b)' } }, { pattern: '^.*:' }],
  });
  expect(forHelm({ items: [{ pattern: '^x$' }] })).toEqual({ items: [{ pattern: '^x$' }] });
  expect(() => forHelm({ pattern: '^x(?!y)$' })).toThrow(/not at the beginning/);
});

withHelm('Chart.yaml', () => {
  it('has the version of the package', () => {
    const { version } = JSON.parse(readFileSync(join(DEPLOY, '../package.json'), 'utf8'));
    expect(parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8'))).toMatchObject({
      apiVersion: 'v2',
      name: 'wechat-token-hub',
      appVersion: version,
    });
  });

  it('the notes say where the hub is', () => {
    expect(helmNotes(RELEASE)).toContain('http://wechat-token-hub.wechat-token-hub:80');
    expect(helmNotes({ ...RELEASE, values: EVERYTHING })).toContain(
      'https://wechat-token-hub.wechat-token-hub:443',
    );
  });

  it('each template is one object, in a file of its kind', () => {
    const sources = [...rendered(EVERYTHING).matchAll(/^# Source: .*\/templates\/(\S+)$/gm)].map(
      ([, file]) => file!,
    );
    expect(new Set(sources).size).toBe(sources.length);
    const files = readdirSync(join(CHART, 'templates')).filter((file) => file.endsWith('.yaml'));
    expect(files.filter((file) => !sources.includes(file))).toEqual(['horizontalpodautoscaler.yaml']);
  });
});
