import type { ClientEntry } from '../core/access/client.js';
import type { AppSettings } from '../core/app.js';
import type { NotifyTarget } from '../notices/notice.js';
import { appidsIn, readApps, readDefaults } from './apps-file.apps.js';
import { buildApp, buildClient, buildNotify } from './apps-file.build.js';
import { ClientsReader } from './apps-file.clients.js';
import { AppsFileDto } from './apps-file.dto.js';
import { Problems, readEntry } from './apps-file.entry.js';
import { readNotify } from './apps-file.notify.js';
import type { PlainAppsFile } from './apps-file.plain.js';
import { SecretReader, type AppsFileSources } from './apps-file.secrets.js';
import type { ConfigProblem } from './problem.js';
import { readYaml } from './yaml-source.js';

export type AppsFileResult =
  | {
      readonly ok: true;
      readonly apps: AppSettings[];
      readonly clients: ClientEntry[];
      readonly notify: NotifyTarget[];
      /** Absolute paths of the files that hold secrets. */
      readonly secretFiles: string[];
    }
  | { readonly ok: false; readonly problems: ConfigProblem[]; readonly secretFiles: string[] };

export type PlainAppsFileResult =
  | ({ readonly ok: true; readonly secretFiles: string[] } & PlainAppsFile)
  | { readonly ok: false; readonly problems: ConfigProblem[]; readonly secretFiles: string[] };

/** Reads apps.yaml: all of it, or all that is wrong with it. */
export function loadAppsFile(text: string, sources: AppsFileSources): AppsFileResult {
  const plain = readAppsFile(text, sources);
  return plain.ok ? buildAppsFile(plain) : plain;
}

/** The hub's own objects of what the file says. */
export function buildAppsFile(plain: Extract<PlainAppsFileResult, { ok: true }>): AppsFileResult {
  const { apps, clients, notify } = plain;
  const built = {
    apps: apps.map(buildApp),
    clients: clients.map(buildClient),
    notify: notify.map(buildNotify),
  };
  return { ...plain, ...built };
}

/** The same as data that can pass between threads. */
export function readAppsFile(text: string, sources: AppsFileSources): PlainAppsFileResult {
  const yaml = readYaml(text);
  if (!yaml.ok) return { ok: false, problems: [...yaml.problems], secretFiles: [] };
  const problems = new Problems(yaml.source);
  problems.list.push(...yaml.problems);
  const secrets = new SecretReader(sources, problems);
  const file = readTopLevel(yaml.source.value, secrets, problems);
  const secretFiles = [...secrets.files];
  if (problems.list.length > 0) return { ok: false, problems: problems.sorted(), secretFiles };
  return { ok: true, ...file, secretFiles };
}

const EMPTY: PlainAppsFile = { apps: [], clients: [], notify: [] };

function readTopLevel(plain: unknown, secrets: SecretReader, problems: Problems): PlainAppsFile {
  if (plain === null) {
    problems.add([], 'the file is empty: it needs version: 1 and apps');
    return EMPTY;
  }
  const file = readEntry(AppsFileDto, plain, [], problems)?.values;
  if (file === undefined) return EMPTY;
  const entries = file.apps ?? [];
  const apps = readApps(entries, readDefaults(file.defaults, problems), secrets, problems);
  const appids = file.apps === undefined ? undefined : appidsIn(file.apps);
  const clients = new ClientsReader(appids, apps, problems).read(file.clients ?? []);
  const notify = readNotify(file.notify ?? [], appids, secrets, problems);
  return { apps, clients, notify };
}
