import type { Values } from './manifests.js';

/** Values that the chart is rendered with. */

/** One team whose file is here, one that keeps its own. */
export const TEAMS: Values = {
  config: { version: 1, clients: [{ id: 'ops', apps: '*', may: ['admin'], allowIps: ['10.0.0.0/8'] }] },
  tenants: {
    'Team_A.x': {
      config: { version: 1, apps: [{ appid: 'wx0123456789abcdef', secretFile: 'shop' }] },
      secret: 'hub-team-a',
    },
    'team-b': { configMap: 'hub-team-b', secret: 'hub-team-b' },
    'team-c': { configMap: 'shared', configMapKey: 'c.yaml' },
  },
};

export const REDIS = { redis: { existingSecret: 'wechat-token-hub-redis' } };
export const EVERYTHING: Values = {
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
  service: {
    type: 'LoadBalancer',
    port: 443,
    loadBalancerClass: 'example.com/internal',
    loadBalancerSourceRanges: ['10.0.0.0/8'],
    externalTrafficPolicy: 'Local',
    annotations: { a: 'b' },
  },
  serviceAccount: { annotations: { c: 'd' } },
  serviceAccountIssuer: { enabled: true },
  preStopSleepSeconds: 15,
  podDisruptionBudget: { maxUnavailable: '25%' },
  networkPolicy: {
    redisPorts: [6379, 26379],
    extraEgress: [{ to: [{ ipBlock: { cidr: '10.1.2.3/32' } }], ports: [{ port: 8443, protocol: 'TCP' }] }],
  },
  serviceMonitor: {
    enabled: true,
    namespace: 'monitoring',
    scrapeTimeout: '20s',
    relabelings: [{ targetLabel: 'cluster', replacement: 'prod-sh' }],
    metricRelabelings: [{ action: 'labeldrop', regex: 'instance' }],
    labels: { release: 'prometheus' },
  },
  prometheusRule: {
    enabled: true,
    labels: { release: 'prometheus' },
    runbookBaseUrl: 'https://git.example.com/hub/runbooks/',
    additionalGroups: [
      { name: 'mine', rules: [{ alert: 'Mine', expr: 'up == 0', labels: { severity: 'page' } }] },
    ],
  },
  grafanaDashboard: { enabled: true, annotations: { grafana_folder: 'WeChat' } },
  commonLabels: { 'example.com/cost-centre': 'c-17' },
  deploymentAnnotations: { 'reloader.stakater.com/auto': 'true' },
  ingress: {
    enabled: true,
    className: 'nginx',
    annotations: { 'nginx.ingress.kubernetes.io/proxy-read-timeout': '75' },
    hosts: ['tokens.example.com'],
    tls: [{ secretName: 'tokens-tls', hosts: ['tokens.example.com'] }],
  },
  httpRoute: { enabled: true, parentRefs: [{ name: 'internal', namespace: 'gateways' }] },
  hostAliases: [{ ip: '10.0.0.1', hostnames: ['redis.internal'] }],
  dnsConfig: { options: [{ name: 'ndots', value: '2' }] },
  extraObjects: [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: '{{ include "hub.fullname" . }}-extra' },
      data: { 'x.yaml': 'a: 1' },
    },
  ],
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
/** A company's: its own registry, CA, proxy, Gateway, log shipper and several teams' Secrets, on OpenShift. */
export const COMPANY: Values = {
  image: { repository: 'registry.corp.example/platform/wechat-token-hub', tag: '0.1.0' },
  imagePullSecrets: [{ name: 'registry-corp' }],
  commonLabels: { team: 'platform' },
  replicas: 2,
  revisionHistoryLimit: 2,
  config: {
    version: 1,
    apps: [{ appid: 'wx0123456789abcdef', name: 'Shop', secretFile: '/etc/wechat-token-hub/secrets/shop' }],
    clients: [{ id: 'order-service', allowIps: ['10.128.0.0/14'], apps: ['wx0123456789abcdef'] }],
  },
  appSecrets: { existingSecrets: ['team-shop', 'team-live'] },
  redis: { existingSecret: 'hub-redis' },
  env: {
    HUB_OUTBOUND_PROXY: 'http://proxy.corp.example:3128',
    HUB_REDIS_CA_FILE: '/etc/corp-ca/ca.crt',
    HUB_AUDIT_LOG: '/var/log/hub/audit.jsonl',
  },
  extraEnv: [{ name: 'NODE_EXTRA_CA_CERTS', value: '/etc/corp-ca/ca.crt' }],
  podSecurityContext: { runAsUser: null, runAsGroup: null, fsGroup: null },
  extraVolumes: [
    { name: 'corp-ca', configMap: { name: 'corp-ca' } },
    { name: 'audit', emptyDir: { sizeLimit: '1Gi' } },
  ],
  extraVolumeMounts: [
    { name: 'corp-ca', mountPath: '/etc/corp-ca', readOnly: true },
    { name: 'audit', mountPath: '/var/log/hub' },
  ],
  extraContainers: [
    {
      name: 'log-shipper',
      image: 'registry.corp.example/vector:0.40',
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
      volumeMounts: [{ name: 'audit', mountPath: '/logs', readOnly: true }],
    },
  ],
  initContainers: [{ name: 'vault-agent', image: 'registry.corp.example/vault:1.20', args: ['agent'] }],
  httpRoute: {
    enabled: true,
    parentRefs: [{ name: 'internal', namespace: 'gateways', sectionName: 'https' }],
    hostnames: ['tokens.corp.example'],
    timeouts: { request: '0s' },
  },
  networkPolicy: {
    dns: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'openshift-dns' } } }],
    dnsPorts: [5353],
    extraEgress: [{ to: [{ ipBlock: { cidr: '10.9.8.7/32' } }], ports: [{ port: 3128, protocol: 'TCP' }] }],
  },
  serviceMonitor: { enabled: true, scrapeTimeout: '10s' },
};
export const CASES: readonly (readonly [string, Values])[] = [
  ['the defaults', {}],
  ['Redis from a Secret, autoscaled and watched', { ...REDIS, ...replicated() }],
  ['everything', EVERYTHING],
  ['as little as possible', NOTHING],
  ['a company’s', COMPANY],
  ['teams with files of their own', TEAMS],
  ['policies without peers', { networkPolicy: { callers: [], monitoring: [], dns: [], wechat: [] } }],
];

export function client(of: object): Values {
  return { config: { version: 1, clients: [{ id: 'c', apps: '*', ...of }] } };
}

export function replicated(): Values {
  return {
    autoscaling: { enabled: true },
    serviceMonitor: { enabled: true },
    prometheusRule: { enabled: true },
  };
}
