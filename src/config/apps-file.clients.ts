import { hash } from 'node:crypto';
import { CLIENT_DEFAULTS } from '../core/access/client.js';
import { APPID_PATTERN } from '../core/app.js';
import { ClientDto, KeyDto } from './apps-file.dto.js';
import { readEntry, type Problems } from './apps-file.entry.js';
import type { PlainApp, PlainClient, PlainKey } from './apps-file.plain.js';
import { didYouMean } from './nearest-name.js';
import { formatPath, type Path } from './problem.js';
import { parseDateTime } from './rules.js';

/** Near names cost some milliseconds each among 10,000 appids; whoever has more wrong grants has another problem. */
const MAX_NEAR_NAMES = 50;

/** Reads the clients, with an eye on the whole file: ids and keys must be unique, and apps must exist. */
export class ClientsReader {
  readonly #clientIds = new Map<string, Path>();
  readonly #keyHashes = new Map<string, Path>();
  readonly #secretHashes: ReadonlySet<string>;
  #nearNames = 0;

  constructor(
    /** `undefined`: the list of apps is unreadable as a whole, so nothing can be said about grants. */
    private readonly appids: ReadonlySet<string> | undefined,
    apps: readonly PlainApp[],
    private readonly problems: Problems,
  ) {
    this.#secretHashes = new Set(apps.map(({ secret }) => hash('sha256', secret, 'hex')));
  }

  read(entries: readonly unknown[]): PlainClient[] {
    return entries.flatMap((plain, index) => this.#readClient(plain, ['clients', index]) ?? []);
  }

  #readClient(plain: unknown, path: Path): PlainClient | undefined {
    const entry = readEntry(ClientDto, plain, path, this.problems);
    if (entry === undefined) return undefined;
    const { id, apps, allowIps, gatewayPaths, may, requestsPerMinute } = entry.values;
    if (id !== undefined) this.#mustBeNew(this.#clientIds, id, [...path, 'id']);
    if (Array.isArray(entry.raw.apps)) this.#checkGrants(entry.raw.apps, [...path, 'apps']);
    const keysAreWrong = entry.present.has('keys') && entry.values.keys === undefined;
    const rawKeys = entry.values.keys ?? [];
    if (rawKeys.length === 0 && !keysAreWrong && !entry.present.has('allowIps')) {
      this.problems.add(
        path,
        'has neither keys nor allowIps: a client without keys is known by its address alone',
      );
    }
    const keys = this.#readKeys(rawKeys, [...path, 'keys']);
    if (id === undefined || apps === undefined) return undefined;
    return {
      id,
      keys,
      allowIps,
      apps,
      may: may ?? [...CLIENT_DEFAULTS.may],
      gatewayPaths,
      requestsPerMinute: requestsPerMinute ?? CLIENT_DEFAULTS.requestsPerMinute,
    };
  }

  #readKeys(entries: readonly unknown[], path: Path): PlainKey[] {
    const ids = new Map<string, Path>();
    return entries.flatMap((plain, index) => {
      const keyPath = [...path, index];
      const values = readEntry(KeyDto, plain, keyPath, this.problems)?.values;
      if (values?.id !== undefined) this.#mustBeNew(ids, values.id, [...keyPath, 'id']);
      const sha256 = values?.sha256?.toLowerCase();
      if (sha256 !== undefined) this.#checkKeyHash(sha256, [...keyPath, 'sha256']);
      if (values?.id === undefined || sha256 === undefined) return [];
      const expiresAt = values.expiresAt === undefined ? undefined : parseDateTime(values.expiresAt);
      return [{ id: values.id, sha256, expiresAt }];
    });
  }

  #checkKeyHash(sha256: string, path: Path): void {
    if (this.#secretHashes.has(sha256)) {
      this.problems.add(
        path,
        'is the SHA-256 of an AppSecret of this file: an AppSecret is never a key, make one',
      );
    } else {
      this.#mustBeNew(this.#keyHashes, sha256, path);
    }
  }

  #mustBeNew(seen: Map<string, Path>, value: string, path: Path): void {
    const first = seen.get(value);
    if (first === undefined) {
      seen.set(value, path);
      return;
    }
    const place = `${formatPath(first)} (line ${this.problems.lineOf(first)})`;
    this.problems.add(path, `is the same as ${place}: it must be unique, change one of the two`);
  }

  /** Also of a list in which something else is wrong. */
  #checkGrants(apps: readonly unknown[], path: Path): void {
    const { appids } = this;
    if (appids === undefined) return;
    apps.forEach((appid, index) => {
      if (typeof appid !== 'string' || !APPID_PATTERN.test(appid) || appids.has(appid)) return;
      this.#nearNames += 1;
      const near = this.#nearNames > MAX_NEAR_NAMES ? '' : didYouMean(appid, appids);
      this.problems.add(
        [...path, index],
        `is not the appid of an app of this file${near}: correct or remove it`,
      );
    });
  }
}
