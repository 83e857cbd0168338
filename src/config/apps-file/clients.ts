import { hash } from 'node:crypto';
import { APPID_PATTERN } from '../../core/app.js';
import { identityName, type ClientIdentity } from '../../core/access/identity.js';
import { didYouMean } from '../nearest-name.js';
import type { ClientData, KeyData } from './data.js';
import { complete, readEntry } from './entry.js';
import { mustBeNew, readIdentity } from './identities.js';
import type { Path, Problems } from './problem.js';
import type { FileRole } from './role.js';
import { isTenantGrant, parseDateTime, platformOfGrant } from './rules.js';
import { CLIENT, KEY } from './tables.js';

/** Near names cost some milliseconds each among 10,000 appids; whoever has more wrong grants has another problem. */
const MAX_NEAR_NAMES = 50;

/** The appids of the file: what grants may name. */
export class KnownApps {
  #nearNames = 0;

  constructor(
    /** `undefined`: the list of apps is unreadable as a whole, so nothing can be said about grants. */
    private readonly appids: ReadonlySet<string> | undefined,
    private readonly platforms: ReadonlySet<string>,
    private readonly role: FileRole['kind'],
    private readonly problems: Problems,
  ) {}

  /** Reports what names no app; also of a list in which something else is wrong. */
  check(names: readonly unknown[], path: Path): void {
    const { appids } = this;
    if (appids === undefined) return;
    names.forEach((appid, index) => {
      const platform = platformOfGrant(appid);
      if (platform !== undefined && this.platforms.has(platform)) return;
      if (isTenantGrant(appid) && this.role !== 'operators')
        this.problems.add(
          [...path, index],
          'grants the apps of a platform that this file does not have, or of a tenant, which only hub.yaml of a folder may: list appids',
        );
      else if (platform !== undefined && !isTenantGrant(appid))
        this.problems.add([...path, index], 'names no platform of this file: correct or remove it');
      if (typeof appid !== 'string' || !APPID_PATTERN.test(appid) || appids.has(appid)) return;
      if (this.platforms.has(appid)) return;
      this.#nearNames += 1;
      const near = this.#nearNames > MAX_NEAR_NAMES ? '' : didYouMean(appid, appids);
      this.problems.add(
        [...path, index],
        `is not the appid of an app of this file${near}: correct or remove it`,
      );
    });
  }
}

/** Reads the clients, with an eye on the whole file: ids and keys must be unique, and apps must exist. */
export class ClientsReader {
  readonly #clientIds = new Map<string, Path>();
  readonly #keyHashes = new Map<string, Path>();
  readonly #identities = new Map<string, Path>();
  readonly #secretHashes: ReadonlySet<string>;

  constructor(
    private readonly known: KnownApps,
    /** Ids of the file's issuers; `undefined`: the list is unreadable as a whole. */
    private readonly issuers: ReadonlySet<string> | undefined,
    secrets: readonly string[],
    private readonly problems: Problems,
  ) {
    this.#secretHashes = new Set(secrets.map((secret) => hash('sha256', secret, 'hex')));
  }

  read(entries: readonly unknown[]): ClientData[] {
    return entries.flatMap((plain, index) => this.#readClient(plain, ['clients', index]) ?? []);
  }

  #readClient(plain: unknown, path: Path): ClientData | undefined {
    const entry = readEntry(CLIENT, plain, path, this.problems);
    if (entry === undefined) return undefined;
    const { values, present, raw } = entry;
    if (values.id !== undefined) this.#mustBeNew(this.#clientIds, values.id, [...path, 'id']);
    if (Array.isArray(raw.apps)) this.known.check(raw.apps, [...path, 'apps']);
    const proofsAreWrong = ['keys', 'identities'].some(
      (key) => present.has(key) && values[key as 'keys' | 'identities'] === undefined,
    );
    const rawKeys = values.keys ?? [];
    const rawIdentities = values.identities ?? [];
    if (rawKeys.length + rawIdentities.length === 0 && !proofsAreWrong && !present.has('allowIps')) {
      this.problems.add(
        path,
        'has neither keys nor identities nor allowIps: a client without the first two is known by its address alone',
      );
    }
    const keys = this.#readKeys(rawKeys, [...path, 'keys']);
    const identities = this.#readIdentities(rawIdentities, [...path, 'identities']);
    const client = complete(CLIENT, values);
    return client === undefined ? undefined : { ...client, keys, identities };
  }

  #readIdentities(entries: readonly unknown[], path: Path): ClientIdentity[] {
    return entries.flatMap((plain, index) => {
      const identity = readIdentity(plain, [...path, index], this.issuers, this.problems);
      if (identity === undefined) return [];
      this.#mustBeNew(this.#identities, identityName(identity), [...path, index]);
      return [identity];
    });
  }

  #readKeys(entries: readonly unknown[], path: Path): KeyData[] {
    const ids = new Map<string, Path>();
    return entries.flatMap((plain, index) => {
      const keyPath = [...path, index];
      const values = readEntry(KEY, plain, keyPath, this.problems)?.values;
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
    mustBeNew(seen, value, path, this.problems);
  }
}
