import { APPID_PATTERN } from '../../core/app.js';
import type { NamedLines } from '../folder/settle.js';
import { ClientsReader, KnownApps } from './clients.js';
import type { AppData, AppsFileData, ClientData, Defaults, NotifyData, PlatformData } from './data.js';
import { complete, readEntry, type Entry } from './entry.js';
import { kindFindings, ofItsKind } from './kinds.js';
import { readIssuers } from './identities.js';
import { PlatformsReader } from './platforms.js';
import { formatPath, Problems, type ConfigProblem, type Path } from './problem.js';
import { checkRole, ofRole, SINGLE, tenantUrlFlaw, type FileRole } from './role.js';
import type { Table } from './rule.js';
import { secretFlaw, signingSecretFlaw, urlFlaw } from './rules.js';
import { SecretReader, type AppsFileSources, type SecretField } from './secrets.js';
import { APP, DEFAULTS, FOLDER_TOP, NOTIFY, TOP } from './tables.js';
import { warningsOf } from './warnings.js';
import { readYaml } from './yaml.js';

export type AppsFileReading =
  | {
      readonly ok: true;
      readonly data: AppsFileData;
      /** AppSecrets that cannot be had: trouble of their apps alone. */
      readonly warnings: readonly ConfigProblem[];
      /** What is right and yet most likely not meant; only where it is asked for. */
      readonly advice: readonly ConfigProblem[];
    }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

export interface ReadOptions {
  /** See {@link readYaml}. */
  readonly maxUnits: number;
  /** Epoch ms by the wall clock: asks for advice, as of that moment. */
  readonly adviceAt?: number | undefined;
  /** Default: the only file of a hub. */
  readonly role?: FileRole | undefined;
  /** Whether there is a store that outlives the hub, as platforms need. Default true. */
  readonly isKept?: boolean | undefined;
}

const APP_SECRET: SecretField<'secret'> = {
  name: 'secret',
  what: 'the AppSecret',
  flaw: secretFlaw,
  missing: 'has no secret: give exactly one of secret, secretEnv, secretFile',
};

const ROBOT_URL: SecretField<'url'> = {
  name: 'url',
  what: 'the URL of the robot',
  flaw: urlFlaw,
  missing: 'has no url: give exactly one of url, urlEnv, urlFile',
};

const SIGNING_SECRET: SecretField<'secret'> = {
  name: 'secret',
  what: 'the signing secret',
  flaw: signingSecretFlaw,
  missing: undefined,
};

/** Reads the bytes of apps.yaml (UTF-8, with or without a byte order mark): all of it, or all that is wrong with it. */
export function readAppsFile(
  bytes: Uint8Array,
  sources: AppsFileSources,
  { maxUnits, adviceAt, role = SINGLE, isKept = true }: ReadOptions,
): AppsFileReading {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { ok: false, problems: [{ path: '', line: 1, message: 'is not UTF-8 text: save it as UTF-8' }] };
  }
  const yaml = readYaml(text, maxUnits);
  if (!yaml.ok) return yaml;
  const { value, lineOf } = yaml.source;
  const entryOf = (path: Path): string | undefined => nameOfEntry(value, path);
  const problems = new Problems(lineOf, entryOf);
  const missing = new Problems(lineOf, entryOf);
  for (const { path, line, message } of yaml.problems) problems.addAt(path, line, message);
  const data = new FileReader(sources, problems, missing, role, isKept).read(value);
  if (problems.count > 0 || data === undefined) {
    // Who mends the file wants to know all of it.
    const all = [...problems.sorted(), ...missing.sorted()].toSorted((a, b) => a.line - b.line);
    return { ok: false, problems: all };
  }
  const advice = new Problems(lineOf, entryOf);
  if (adviceAt !== undefined) warningsOf(value, data, adviceAt, advice);
  return { ok: true, data, warnings: missing.sorted(), advice: advice.sorted() };
}

/** Reads the sections, one after the other. */
class FileReader {
  readonly #secrets: SecretReader;

  constructor(
    private readonly sources: AppsFileSources,
    private readonly problems: Problems,
    private readonly missing: Problems,
    private readonly role: FileRole,
    private readonly isKept: boolean,
  ) {
    this.#secrets = new SecretReader(sources, problems);
  }

  read(plain: unknown): AppsFileData | undefined {
    if (plain === null) {
      this.problems.add([], 'the file is empty: it needs version: 1 and apps');
      return undefined;
    }
    const { kind } = this.role;
    const entry = readEntry(kind === 'single' ? TOP : FOLDER_TOP, plain, [], this.problems);
    if (entry === undefined) return undefined;
    const file = entry.values;
    checkRole(this.role, plain, this.problems);
    const appsAreUnreadable = entry.present.has('apps') ? file.apps === undefined : kind === 'single';
    const known = new KnownApps(
      appsAreUnreadable ? undefined : appidsIn(file.apps ?? []),
      appidsIn(file.platforms ?? []),
      kind,
      this.problems,
    );
    const defaults =
      this.role.kind === 'tenant' ? this.role.terms.defaults : this.#readDefaults(file.defaults);
    const apps = this.#readApps(file.apps ?? [], defaults);
    const platforms = new PlatformsReader(
      this.#secrets,
      this.role,
      this.problems,
      (at, message) => {
        this.missing.add(at, message);
      },
      this.isKept,
    ).read(file.platforms ?? [], placesOf(apps));
    const secrets = [...apps, ...platforms].flatMap(({ secret }) => secret ?? []);
    const issuers = readIssuers(file.issuers ?? [], this.sources.baseDir, this.problems);
    const issuerIds =
      file.issuers === undefined && wasGiven(plain, 'issuers') ? undefined : namesIn(file.issuers);
    const issuerNames = this.role.kind === 'tenant' ? new Set(this.role.terms.issuers) : issuerIds;
    const clients = new ClientsReader(known, issuerNames, secrets, this.problems).read(file.clients ?? []);
    const notify = this.#readNotify(file.notify ?? [], known);
    return {
      ...ofRole(this.role, { apps, platforms, clients, notify }),
      issuers,
      terms:
        kind === 'operators'
          ? { defaults, issuers: issuers.map(({ id }) => id), tenantHosts: file.tenantHosts ?? [] }
          : undefined,
      lines: kind === 'single' ? undefined : this.#linesOf(apps, platforms, clients),
    };
  }

  #linesOf(
    apps: readonly AppData[],
    platforms: readonly PlatformData[],
    clients: readonly ClientData[],
  ): NamedLines {
    const { problems } = this;
    const linesIn = (name: 'keys' | 'identities', last: readonly string[]): number[][] =>
      clients.map((client, index) =>
        client[name].map((_proof, proof) => problems.lineOf(['clients', index, name, proof, ...last])),
      );
    return {
      apps: apps.map((_app, index) => problems.lineOf(['apps', index, 'appid'])),
      platforms: platforms.map((_platform, index) => problems.lineOf(['platforms', index, 'appid'])),
      keys: linesIn('keys', ['sha256']),
      identities: linesIn('identities', []),
    };
  }

  /** `defaults` of the file over those of the hub. */
  #readDefaults(plain: unknown): Defaults {
    const entry = plain === undefined ? undefined : readEntry(DEFAULTS, plain, ['defaults'], this.problems);
    return defaultsOf(entry?.values);
  }

  #readApps(entries: readonly unknown[], defaults: Defaults): AppData[] {
    const indexByAppid = new Map<string, number>();
    return entries.flatMap((plain, index) => {
      const path = ['apps', index] as const;
      const entry = readEntry(APP, plain, path, this.problems);
      if (entry === undefined) return [];
      const { secretEnv: _env, secretFile: _file, ...own } = entry.values;
      let secretProblem: string | undefined;
      const secret = this.#secrets.read(entry, path, APP_SECRET, (at, message) => {
        this.missing.add(at, message);
        secretProblem = `${formatPath(at)} (line ${this.missing.lineOf(at)}): ${message}`;
      });
      const { appid, name } = own;
      for (const { at, message } of kindFindings(own, defaults, entry.present))
        this.problems.add([...path, ...at], message);
      if (appid === undefined) return [];
      const first = indexByAppid.get(appid);
      if (first !== undefined) {
        const line = this.problems.lineOf(['apps', first]);
        this.problems.add(
          [...path, 'appid'],
          `is the same as that of apps[${first}] (line ${line}): keep one of the two`,
        );
        return [];
      }
      indexByAppid.set(appid, index);
      return [{ ...ofItsKind(own, defaults), appid, name, secret, secretProblem }];
    });
  }

  /** Where a tenant's URL must not lead is a problem of the key that gives it. */
  #readUrl(entry: Entry<Table>, path: Path): string | undefined {
    const url = this.#secrets.read(entry, path, ROBOT_URL);
    if (this.role.kind !== 'tenant' || url === undefined || urlFlaw(url) !== undefined) return url;
    const flaw = tenantUrlFlaw(url, this.role.terms);
    if (flaw !== undefined) this.problems.add([...path, entry.present.has('url') ? 'url' : 'urlFile'], flaw);
    return url;
  }

  #readNotify(entries: readonly unknown[], known: KnownApps): NotifyData[] {
    return entries.flatMap((plain, index) => {
      const path = ['notify', index] as const;
      const entry = readEntry(NOTIFY, plain, path, this.problems);
      if (entry === undefined) return [];
      const url = this.#readUrl(entry, path);
      const secret = this.#secrets.read(entry, path, SIGNING_SECRET);
      if (entry.values.type === 'wecom') {
        const key = ['secret', 'secretEnv', 'secretFile'].find((one) => entry.present.has(one));
        if (key !== undefined)
          this.problems.add([...path, key], 'has no use: robots of WeCom do not take signatures');
      }
      known.check(entry.values.apps ?? [], [...path, 'apps']);
      const target = complete(NOTIFY, entry.values);
      if (target === undefined || url === undefined) return [];
      const { type, apps, language, events, mention, consoleUrl, runbooksUrl } = target;
      return [{ type, url, secret, apps, language, events, mention, consoleUrl, runbooksUrl }];
    });
  }
}

/** What holds where apps do not say otherwise: the file's own, and the hub's for the rest. */
export function defaultsOf(values: Entry<typeof DEFAULTS>['values'] = {}): Defaults {
  const defaults = complete(DEFAULTS, values);
  if (defaults === undefined) throw new Error('every key of defaults has a default');
  return defaults;
}

/** Every well-formed appid of the file, also of entries that are wrong otherwise: granting those is no mistake. */
function appidsIn(entries: readonly unknown[]): Set<string> {
  const appids = entries.map((plain) =>
    typeof plain === 'object' && plain !== null ? (plain as { appid?: unknown }).appid : undefined,
  );
  return new Set(
    appids.filter((appid): appid is string => typeof appid === 'string' && APPID_PATTERN.test(appid)),
  );
}

function placesOf(apps: readonly AppData[]): ReadonlyMap<string, Path> {
  return new Map(apps.map(({ appid }, index) => [appid, ['apps', index, 'appid']]));
}

function wasGiven(file: unknown, key: string): boolean {
  return (file as Readonly<Record<string, unknown>>)[key] !== undefined;
}

/** The ids of the issuers, also of entries that are wrong otherwise: naming those is no mistake. */
function namesIn(entries: readonly unknown[] = []): Set<string> {
  const ids = entries.map((plain) =>
    typeof plain === 'object' && plain !== null ? (plain as { id?: unknown }).id : undefined,
  );
  return new Set(ids.filter((id) => typeof id === 'string'));
}

/** What names the entry of a section: `app wx1`, `client order-service`. */
const NAMED_BY: Readonly<Record<string, { readonly what: string; readonly key: string }>> = {
  apps: { what: 'app', key: 'appid' },
  platforms: { what: 'platform', key: 'appid' },
  clients: { what: 'client', key: 'id' },
  issuers: { what: 'issuer', key: 'id' },
};

function nameOfEntry(file: unknown, [section, index]: Path): string | undefined {
  const by = typeof section === 'string' && Object.hasOwn(NAMED_BY, section) ? NAMED_BY[section] : undefined;
  if (by === undefined || typeof index !== 'number') return undefined;
  const entries = (file as Readonly<Record<string, unknown>>)[section as string];
  const entry: unknown = Array.isArray(entries) ? entries[index] : undefined;
  const name =
    typeof entry === 'object' && entry !== null
      ? (entry as Readonly<Record<string, unknown>>)[by.key]
      : undefined;
  return typeof name === 'string' && isName(name) ? `${by.what} ${name}` : undefined;
}

/** A name may be printed: what could be an AppSecret (32 hex digits) or a key, in the wrong place, may not. */
function isName(text: string): boolean {
  return /^[A-Za-z0-9._-]{1,31}$/.test(text) && !text.startsWith('wxh_') && !/[0-9a-f]{20}/i.test(text);
}
