import { APP_DEFAULTS, APPID_PATTERN } from '../core/app.js';
import { AppDto, appOnlyHint, DefaultsDto } from './apps-file.dto.js';
import { readEntry, type Problems } from './apps-file.entry.js';
import type { PlainApp } from './apps-file.plain.js';
import { APP_SECRET, type SecretReader } from './apps-file.secrets.js';

type Defaults = Required<DefaultsDto>;

/** `defaults` of the file over those of the hub. */
export function readDefaults(plain: unknown, problems: Problems): Defaults {
  const entry =
    plain === undefined ? undefined : readEntry(DefaultsDto, plain, ['defaults'], problems, appOnlyHint);
  const values = entry?.values ?? new DefaultsDto();
  return {
    tokenApi: values.tokenApi ?? APP_DEFAULTS.tokenApi,
    refreshAheadSeconds: values.refreshAheadSeconds ?? APP_DEFAULTS.refreshAheadSeconds,
    reconcileSeconds: values.reconcileSeconds ?? APP_DEFAULTS.reconcileSeconds,
    tickets: values.tickets ?? [...APP_DEFAULTS.tickets],
  };
}

/** All apps that are right; the others are reported. */
export function readApps(
  entries: readonly unknown[],
  defaults: Defaults,
  secrets: SecretReader,
  problems: Problems,
): PlainApp[] {
  const indexByAppid = new Map<string, number>();
  const apps: PlainApp[] = [];
  entries.forEach((plain, index) => {
    const path = ['apps', index] as const;
    const entry = readEntry(AppDto, plain, path, problems);
    if (entry === undefined) return;
    const { appid } = entry.values;
    const secret = secrets.read(entry, path, APP_SECRET);
    if (appid === undefined) return;
    const first = indexByAppid.get(appid);
    if (first !== undefined) {
      const line = problems.lineOf(['apps', first]);
      problems.add(
        [...path, 'appid'],
        `is the same as that of apps[${first}] (line ${line}): keep one of the two`,
      );
      return;
    }
    indexByAppid.set(appid, index);
    if (secret !== undefined) apps.push(merge(entry.values, appid, secret, defaults));
  });
  return apps;
}

function merge(own: AppDto, appid: string, secret: string, defaults: Defaults): PlainApp {
  return {
    appid,
    name: own.name,
    secret,
    tokenApi: own.tokenApi ?? defaults.tokenApi,
    refreshAheadSeconds: own.refreshAheadSeconds ?? defaults.refreshAheadSeconds,
    reconcileSeconds: own.reconcileSeconds ?? defaults.reconcileSeconds,
    tickets: own.tickets ?? defaults.tickets,
  };
}

/** Every well-formed appid of the file, also of entries that are wrong otherwise: granting those is no mistake. */
export function appidsIn(entries: readonly unknown[]): Set<string> {
  const appids = entries.map((plain) =>
    typeof plain === 'object' && plain !== null ? (plain as { appid?: unknown }).appid : undefined,
  );
  return new Set(
    appids.filter((appid): appid is string => typeof appid === 'string' && APPID_PATTERN.test(appid)),
  );
}
