import type { KubernetesObject } from './manifests.js';

/**
 * What no schema says and every deployment of the hub must keep: restricted Pod Security, probes, rolling updates
 * without a lost request, reloads, more than one replica only with Redis, selectors that meet their pods.
 */

// Manifests are looked into as they come.
/* eslint-disable @typescript-eslint/no-explicit-any */
type Any = any;

interface Promise_ {
  readonly name: string;
  /** True: kept. */
  readonly holds: (objects: readonly KubernetesObject[]) => boolean;
  /** Breaks it, in a tree that has everything: for the test that the check finds that. */
  readonly breakIt: (objects: KubernetesObject[]) => void;
}

const of = (objects: readonly KubernetesObject[], kind: string): Any =>
  objects.find((object) => object.kind === kind);
const deploymentOf = (objects: readonly KubernetesObject[]): Any => of(objects, 'Deployment').spec;
const podOf = (objects: readonly KubernetesObject[]): Any => deploymentOf(objects).template.spec;
const hubOf = (objects: readonly KubernetesObject[]): Any => podOf(objects).containers[0];
const envOf = (objects: readonly KubernetesObject[]): string[] =>
  hubOf(objects).env.map((entry: Any) => entry.name);

const selects = (selector: Record<string, string>, labels: Record<string, string>): boolean =>
  Object.keys(selector).length > 0 && Object.entries(selector).every(([key, value]) => labels[key] === value);

export const promises: readonly Promise_[] = [
  {
    name: 'runs as a user that is not root, with the default seccomp profile',
    holds: (objects) => {
      const context = podOf(objects).securityContext;
      return (
        context.runAsNonRoot === true &&
        context.runAsUser > 0 &&
        context.seccompProfile.type === 'RuntimeDefault'
      );
    },
    breakIt: (objects) => delete podOf(objects).securityContext.runAsNonRoot,
  },
  {
    name: 'cannot gain privileges, has no capability, writes nowhere',
    holds: (objects) =>
      podOf(objects).containers.every(({ securityContext: context }: Any) => {
        const drops = JSON.stringify(context.capabilities) === '{"drop":["ALL"]}';
        return context.allowPrivilegeEscalation === false && context.readOnlyRootFilesystem === true && drops;
      }),
    breakIt: (objects) => (hubOf(objects).securityContext.readOnlyRootFilesystem = false),
  },
  {
    name: 'has no token of the Kubernetes API',
    holds: (objects) => {
      const account = of(objects, 'ServiceAccount');
      const own = account === undefined || account.automountServiceAccountToken === false;
      return podOf(objects).automountServiceAccountToken === false && own;
    },
    breakIt: (objects) => (podOf(objects).automountServiceAccountToken = true),
  },
  {
    name: 'gets no HUB_* variables from Services',
    holds: (objects) => podOf(objects).enableServiceLinks === false,
    breakIt: (objects) => delete podOf(objects).enableServiceLinks,
  },
  {
    name: 'is probed on the ops port: start and life by /livez, readiness by /readyz',
    holds: (objects) => {
      const { startupProbe, livenessProbe, readinessProbe, ports } = hubOf(objects);
      const probed = [startupProbe, livenessProbe, readinessProbe].map((probe) => probe?.httpGet);
      const wanted = ['/livez', '/livez', '/readyz'].map((path) => ({ path, port: 'ops' }));
      const port = ports.find(({ name }: Any) => name === 'ops')?.containerPort;
      return JSON.stringify(probed) === JSON.stringify(wanted) && port === 9090;
    },
    breakIt: (objects) => (hubOf(objects).livenessProbe.httpGet.path = '/readyz'),
  },
  {
    name: 'is replaced only by pods that are ready',
    holds: (objects) => {
      const { type, rollingUpdate } = deploymentOf(objects).strategy;
      return type === 'RollingUpdate' && rollingUpdate.maxUnavailable === 0 && rollingUpdate.maxSurge >= 1;
    },
    breakIt: (objects) => (deploymentOf(objects).strategy.rollingUpdate.maxUnavailable = 1),
  },
  {
    name: 'has time for preStop and its own 9.5 s before it is killed',
    holds: (objects) => {
      const sleep = hubOf(objects).lifecycle?.preStop?.sleep?.seconds ?? 0;
      return podOf(objects).terminationGracePeriodSeconds >= sleep + 10;
    },
    breakIt: (objects) => (podOf(objects).terminationGracePeriodSeconds = 12),
  },
  {
    name: 'starts no shell: no command, no exec',
    holds: (objects) => {
      const hub = hubOf(objects);
      return hub.command === undefined && hub.args === undefined && !JSON.stringify(hub).includes('"exec"');
    },
    breakIt: (objects) => (hubOf(objects).lifecycle = { preStop: { exec: { command: ['sleep', '5'] } } }),
  },
  {
    name: 'mounts whole folders, read-only, so that changes arrive',
    holds: (objects) =>
      hubOf(objects).volumeMounts.every(
        (mount: Any) =>
          mount.subPath === undefined && mount.subPathExpr === undefined && mount.readOnly === true,
      ),
    breakIt: (objects) => (hubOf(objects).volumeMounts[0].subPath = 'apps.yaml'),
  },
  {
    name: 'finds apps.yaml in a folder that is mounted, from a ConfigMap that has it',
    holds: (objects) => {
      const hub = hubOf(objects);
      const file: string = hub.env.find(({ name }: Any) => name === 'HUB_APPS_FILE').value;
      const mount = hub.volumeMounts.find(({ mountPath }: Any) => file === `${mountPath}/apps.yaml`);
      const volume = podOf(objects).volumes.find(({ name }: Any) => name === mount?.name);
      const maps: Any[] = objects.filter(({ kind }) => kind === 'ConfigMap');
      const map = maps.find(({ metadata }) => metadata.name === volume?.configMap.name);
      // A ConfigMap of the operator's own is not among the objects.
      return volume?.configMap !== undefined && (maps.length === 0 || map?.data['apps.yaml'] !== undefined);
    },
    breakIt: (objects) => (hubOf(objects).volumeMounts[0].mountPath = '/etc/elsewhere'),
  },
  {
    name: 'is more than one only with Redis',
    holds: (objects) => {
      const many = of(objects, 'HorizontalPodAutoscaler') !== undefined || deploymentOf(objects).replicas > 1;
      return !many || envOf(objects).includes('HUB_REDIS_URL');
    },
    breakIt: (objects) =>
      (hubOf(objects).env = hubOf(objects).env.filter(({ name }: Any) => name !== 'HUB_REDIS_URL')),
  },
  {
    name: 'has its number of replicas from one place',
    holds: (objects) =>
      (of(objects, 'HorizontalPodAutoscaler') === undefined) ===
      (deploymentOf(objects).replicas !== undefined),
    breakIt: (objects) => (deploymentOf(objects).replicas = 3),
  },
  {
    name: 'may reach DNS and WeChat, and Redis where it is used',
    holds: (objects) => {
      const policy = of(objects, 'NetworkPolicy');
      if (policy === undefined) return true;
      const ports: number[] = policy.spec.egress.flatMap(({ ports: list }: Any) =>
        list.map(({ port }: Any) => port),
      );
      const wanted = [53, 443, ...(envOf(objects).includes('HUB_REDIS_URL') ? [6379] : [])];
      return wanted.every((port) => ports.includes(port)) && policy.spec.policyTypes.length === 2;
    },
    breakIt: (objects) => of(objects, 'NetworkPolicy').spec.egress.pop(),
  },
  {
    name: 'names in every rule of the network policy who it is about',
    holds: (objects) => {
      const { ingress = [], egress = [] } = of(objects, 'NetworkPolicy')?.spec ?? {};
      return [...ingress, ...egress].every(
        (rule: Any) => (rule.from ?? rule.to)?.length > 0 && rule.ports?.length > 0,
      );
    },
    breakIt: (objects) => delete of(objects, 'NetworkPolicy').spec.ingress[0].from,
  },
  {
    name: 'is met by the selectors of Deployment, Services, budget and network policy',
    holds: (objects) => {
      const { labels } = deploymentOf(objects).template.metadata;
      const selectors: Record<string, string>[] = [
        deploymentOf(objects).selector.matchLabels,
        ...objects.filter(({ kind }) => kind === 'Service').map(({ spec }: Any) => spec.selector),
        ...objects
          .filter(({ kind }) => kind === 'PodDisruptionBudget')
          .map(({ spec }: Any) => spec.selector.matchLabels),
        ...objects
          .filter(({ kind }) => kind === 'NetworkPolicy')
          .map(({ spec }: Any) => spec.podSelector.matchLabels),
        ...podOf(objects).topologySpreadConstraints.map(
          ({ labelSelector }: Any) => labelSelector.matchLabels,
        ),
      ];
      return selectors.every((selector) => selects(selector, labels));
    },
    breakIt: (objects) => (of(objects, 'PodDisruptionBudget').spec.selector.matchLabels = { app: 'hub' }),
  },
  {
    name: 'is scraped at one Service, on a port that it has',
    holds: (objects) => {
      const monitor = of(objects, 'ServiceMonitor');
      if (monitor === undefined) return true;
      const met: Any[] = objects.filter(
        ({ kind, metadata }) =>
          kind === 'Service' && selects(monitor.spec.selector.matchLabels, metadata.labels ?? {}),
      );
      return (
        met.length === 1 && met[0].spec.ports.some(({ name }: Any) => name === monitor.spec.endpoints[0].port)
      );
    },
    breakIt: (objects) => (of(objects, 'ServiceMonitor').spec.endpoints[0].port = 'metrics'),
  },
  {
    name: 'lets nodes be drained',
    holds: (objects) => {
      const budget = of(objects, 'PodDisruptionBudget');
      return (
        budget === undefined || (budget.spec.minAvailable === undefined && budget.spec.maxUnavailable !== 0)
      );
    },
    breakIt: (objects) => (of(objects, 'PodDisruptionBudget').spec.minAvailable = 1),
  },
];

/** The names of those that are not kept. */
export function violations(objects: readonly KubernetesObject[]): string[] {
  return promises.filter(({ holds }) => !holds(objects)).map(({ name }) => name);
}
