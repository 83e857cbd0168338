import { parseAddress, parseAddressSet } from '../../core/access/address.js';
import type { AppsFileData, ClientData } from './data.js';
import { formatPath, type Path, type Problems } from './problem.js';

/**
 * What is right and yet most likely not meant; `check` tells it.
 * @param file as it was read; nothing in it is wrong, so that entries have the same places in `data`
 * @param now epoch ms by the wall clock
 */
export function warningsOf(file: unknown, data: AppsFileData, now: number, warnings: Problems): void {
  sharedSecrets((file as { apps?: readonly Readonly<Record<string, unknown>>[] }).apps ?? [], warnings);
  ungrantedApps(data, warnings);
  data.clients.forEach((client, index) => {
    warnOfClient(client, ['clients', index], now, warnings);
  });
}

/** Two apps never have the same AppSecret: one of them names the other's place. */
function sharedSecrets(apps: readonly Readonly<Record<string, unknown>>[], warnings: Problems): void {
  for (const key of ['secretFile', 'secretEnv']) {
    const seen = new Map<unknown, Path>();
    apps.forEach((app, index) => {
      const place = app[key];
      if (place === undefined) return;
      const path = ['apps', index, key];
      const first = seen.get(place);
      if (first === undefined) seen.set(place, path);
      else
        warnings.add(
          path,
          `is the same as ${formatPath(first)} (line ${warnings.lineOf(first)}): two apps never have the same AppSecret`,
        );
    });
  }
}

function ungrantedApps({ apps, clients }: AppsFileData, warnings: Problems): void {
  if (clients.some((client) => client.apps === '*')) return;
  const granted = new Set(clients.flatMap((client) => client.apps));
  apps.forEach(({ appid }, index) => {
    if (!granted.has(appid))
      warnings.add(['apps', index, 'appid'], 'is granted to no client: nobody can fetch its token');
  });
}

function warnOfClient(client: ClientData, path: Path, now: number, warnings: Problems): void {
  const { keys, identities, may, allowIps, gatewayPaths } = client;
  keys.forEach(({ expiresAt }, index) => {
    if (expiresAt !== undefined && expiresAt <= now)
      warnings.add([...path, 'keys', index, 'expiresAt'], 'has passed: the key is refused, remove it');
  });
  if (keys.length + identities.length === 0 && may.includes('admin'))
    warnings.add(
      [...path, 'may'],
      'has admin, and the client no keys: whoever sends from its addresses looks after the hub, add a key',
    );
  if (gatewayPaths !== undefined && !may.includes('gateway'))
    warnings.add(
      [...path, 'gatewayPaths'],
      'has no use: the client may not use the gateway (may: [gateway])',
    );
  allowIps?.forEach((range, index) => {
    const found = addressWarning(range);
    if (found !== undefined) warnings.add([...path, 'allowIps', index], found);
  });
}

function addressWarning(range: string): string | undefined {
  const parsed = parseAddressSet([range]);
  const network = parsed.ok ? parsed.set.ranges[0] : undefined;
  if (!parsed.ok || network === undefined) return undefined;
  if (parsed.set.isEverything)
    return 'allows every address: remove allowIps, or name the networks that are meant';
  const written = parseAddress(range.split('/')[0] ?? '')?.text;
  return network.split('/')[0] === written
    ? undefined
    : `is read as ${network}: write that, or the address alone`;
}
