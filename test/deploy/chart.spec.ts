import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
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
const objects = (values: Values = {}) => objectsOf(rendered(values));
const defaults = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8')) as Values;
const schema = JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8'));

jest.setTimeout(60_000);

const REDIS = { redis: { existingSecret: 'wechat-token-hub-redis' } };
const EVERYTHING: Values = {
  image: { repository: 'registry.example.com/hub', digest: `sha256:${'0'.repeat(64)}`, pullPolicy: 'Always' },
  imagePullSecrets: [{ name: 'registry' }],
  replicas: 3,
  config: {
    version: 1,
    defaults: { tokenApi: 'token' },
    apps: [{ appid: 'wx0123456789abcdef', secretFile: '/etc/wechat-token-hub/secrets/shop' }],
    clients: [{ id: 'all', apps: '*', allowIps: ['10.0.0.0/8', '2001:db8::/32'], keys: [] }],
  },
  appSecrets: { create: { shop: 'not-a-secret: "quoted" #1' } },
  redis: { url: 'redis+sentinel://one:26379,two:26379/main' },
  encryption: { existingSecret: 'hub-encryption' },
  tls: { existingSecret: 'hub-tls', requireClientCertificate: true },
  env: { HUB_LOG_LEVEL: 'debug', HUB_TRUSTED_PROXIES: '10.0.0.0/8', HUB_CONSOLE_OPEN: 'true' },
  extraEnv: [{ name: 'SHOP_APPSECRET', valueFrom: { secretKeyRef: { name: 'wechat', key: 'shop' } } }],
  service: { type: 'LoadBalancer', port: 443, externalTrafficPolicy: 'Local', annotations: { a: 'b' } },
  serviceAccount: { annotations: { c: 'd' } },
  preStopSleepSeconds: 15,
  podDisruptionBudget: { maxUnavailable: '25%' },
  networkPolicy: {
    redisPorts: [6379, 26379],
    extraEgress: [{ to: [{ ipBlock: { cidr: '10.1.2.3/32' } }], ports: [{ port: 8443, protocol: 'TCP' }] }],
  },
  serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
  prometheusRule: {
    enabled: true,
    labels: { release: 'prometheus' },
    runbookBaseUrl: 'https://git.example.com/hub/runbooks/',
    additionalGroups: [
      { name: 'mine', rules: [{ alert: 'Mine', expr: 'up == 0', labels: { severity: 'page' } }] },
    ],
  },
  grafanaDashboard: { enabled: true, annotations: { grafana_folder: 'WeChat' } },
  podAnnotations: { e: 'f' },
  podLabels: { team: 'platform' },
  nodeSelector: { 'kubernetes.io/os': 'linux' },
  tolerations: [{ key: 'dedicated', operator: 'Exists', effect: 'NoSchedule' }],
  affinity: { nodeAffinity: {} },
  priorityClassName: 'high',
  topologySpreadConstraints: [
    {
      topologyKey: 'kubernetes.io/hostname',
      maxSkew: 1,
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { 'app.kubernetes.io/name': 'wechat-token-hub' } },
    },
  ],
};
const NOTHING: Values = {
  existingConfigMap: 'mine',
  appSecrets: { existingSecret: 'mine' },
  serviceAccount: { create: false },
  podDisruptionBudget: { enabled: false },
  networkPolicy: { enabled: false },
  preStopSleepSeconds: 0,
};
const CASES: readonly (readonly [string, Values])[] = [
  ['the defaults', {}],
  ['Redis from a Secret, autoscaled and watched', { ...REDIS, ...replicated() }],
  ['everything', EVERYTHING],
  ['as little as possible', NOTHING],
  ['policies without peers', { networkPolicy: { callers: [], monitoring: [], dns: [], wechat: [] } }],
];

function replicated(): Values {
  return {
    autoscaling: { enabled: true },
    serviceMonitor: { enabled: true },
    prometheusRule: { enabled: true },
  };
}

withHelm('what it renders', () => {
  it('is what Kubernetes accepts, in every case: no schema violated, no unknown field', () => {
    expect(problemsOf(CASES.flatMap(([, values]) => objects(values)))).toEqual([]);
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
    expect(deployment).not.toContain('redis+sentinel');
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
    expect(hub!.rules).toHaveLength(10);
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
    const policy = objects(CASES[4]![1]).find(({ kind }) => kind === 'NetworkPolicy');
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
    const inSchema = pathsOf(schema, '').filter((path) => !/^(config\.|global)/.test(path));
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
