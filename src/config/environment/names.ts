import { knownVariables } from './decorators.js';
import { didYouMean } from '../nearest-name.js';

export interface MisplacedNames {
  readonly problems: readonly string[];
  /** Not to be read: their values are not settings of the hub. */
  readonly setByKubernetes: readonly string[];
}

/** `HUB_*` variables that the hub does not know, with what became of them. */
export function misplacedNames(env: Readonly<Record<string, string | undefined>>): MisplacedNames {
  const names = Object.keys(env)
    .filter((name) => name.startsWith('HUB_') && env[name] !== undefined && env[name] !== '')
    .sort();
  const setByKubernetes = names.filter((name) => isServiceLink(name, env[name] ?? ''));
  const known = knownVariables();
  const unknown = names.filter((name) => !known.includes(name) && !setByKubernetes.includes(name));
  const problems = unknown.map((name) => {
    return `${name}: is not a variable of the hub${didYouMean(name, known)}; remove it or correct its name`;
  });
  if (setByKubernetes.length > 0) problems.unshift(kubernetesProblem(setByKubernetes));
  return { problems, setByKubernetes };
}

/**
 * Kubernetes describes every Service of the namespace in the environment of every pod. Those of a Service called
 * `hub` are `HUB_PORT=tcp://10.0.0.1:3000`, `HUB_SERVICE_HOST`, `HUB_SERVICE_PORT_HTTP`, `HUB_PORT_3000_TCP_ADDR`…;
 * one called `hub-ops` or `hub-redis` brings the same after `HUB_OPS_` or `HUB_REDIS_`.
 * https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
function isServiceLink(name: string, value: string): boolean {
  return (
    /^HUB_([A-Z0-9_]+_)?SERVICE_(HOST|PORT|PORT_[A-Z0-9_]+)$/.test(name) ||
    /^HUB_([A-Z0-9_]+_)?PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name) ||
    (/^HUB_([A-Z0-9_]+_)?PORT$/.test(name) && /^(tcp|udp|sctp):\/\//.test(value))
  );
}

function kubernetesProblem(names: readonly string[]): string {
  const first = names.includes('HUB_PORT') ? 'HUB_PORT' : (names[0] ?? '');
  const others =
    names.length > 1 ? ` (and ${names.length - 1} more such as ${names.find((n) => n !== first) ?? ''})` : '';
  return `${first}: was set by Kubernetes${others}, because a Service is called \`hub\` or \`hub-…\`; set \`enableServiceLinks: false\` in the pod spec, or give the Service another name`;
}
