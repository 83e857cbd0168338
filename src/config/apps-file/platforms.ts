import type { PlatformData } from './data.js';
import { complete, readEntry, type Entry } from './entry.js';
import { aesKeysFlaw, pushTokenFlaw } from './platform-rules.js';
import type { Path, Problems } from './problem.js';
import { tenantUrlFlaw, type FileRole } from './role.js';
import { secretFlaw } from './rules.js';
import type { SecretField, SecretReader } from './secrets.js';
import { PLATFORM } from './tables.js';
import { isNamedHost } from './tenant-hosts.js';

const FIELDS = {
  secret: {
    name: 'secret',
    what: "the platform's AppSecret",
    flaw: secretFlaw,
    missing: 'has no secret: give exactly one of secret, secretEnv, secretFile',
  },
  pushToken: {
    name: 'pushToken',
    what: 'the token that signs the pushes',
    flaw: pushTokenFlaw,
    missing: 'has no pushToken: give exactly one of pushToken, pushTokenEnv, pushTokenFile',
  },
  aesKeys: {
    name: 'aesKeys',
    what: 'the EncodingAESKey',
    flaw: aesKeysFlaw,
    missing: 'has no aesKeys: give exactly one of aesKeys, aesKeysEnv, aesKeysFile',
  },
} as const satisfies Record<string, SecretField<string>>;

const NOT_KEPT =
  'needs a store that outlives the hub, or its authorisations would be lost with a restart: set HUB_REDIS_URL or ' +
  'HUB_STATE_FILE';

/** Reads the platforms of a file. */
export class PlatformsReader {
  constructor(
    private readonly secrets: SecretReader,
    private readonly role: FileRole,
    private readonly problems: Problems,
    /** Takes what is wrong with the place of a secret: the platform goes without. */
    private readonly absent: (path: Path, message: string) => void,
    /** Whether what platforms are authorised to outlives the process. */
    private readonly isKept: boolean,
  ) {}

  /** @param taken the appids of the apps, by their path */
  read(entries: readonly unknown[], taken: ReadonlyMap<string, Path>): PlatformData[] {
    const seen = new Map(taken);
    return entries.flatMap((plain, index) => {
      const path = ['platforms', index] as const;
      const entry = readEntry(PLATFORM, plain, path, this.problems);
      if (entry === undefined) return [];
      const { appid } = entry.values;
      if (appid !== undefined) {
        const first = seen.get(appid);
        if (first === undefined) seen.set(appid, [...path, 'appid']);
        else {
          const line = this.problems.lineOf(first);
          this.problems.add([...path, 'appid'], `stands in line ${line} already: keep one of the two`);
        }
      }
      if (!this.isKept) this.problems.add(path, NOT_KEPT);
      const secret = this.secrets.read(entry, path, FIELDS.secret, this.absent);
      const pushToken = this.secrets.read(entry, path, FIELDS.pushToken, this.absent);
      const aesKeys = this.secrets.read(entry, path, FIELDS.aesKeys, this.absent);
      const publicOnly = this.#publicOnly(entry, path);
      const platform = complete(PLATFORM, entry.values);
      if (platform === undefined) return [];
      const { name, forwardTo, tickets } = platform;
      return [{ appid: platform.appid, name, secret, pushToken, aesKeys, forwardTo, publicOnly, tickets }];
    });
  }

  /** A tenant's pushes go on to public addresses, or to hosts that the operators name. */
  #publicOnly(entry: Entry<typeof PLATFORM>, path: Path): string[] {
    const { role } = this;
    if (role.kind !== 'tenant') return [];
    const urls = entry.values.forwardTo ?? [];
    urls.forEach((url, index) => {
      const flaw = tenantUrlFlaw(url, role.terms);
      if (flaw !== undefined) this.problems.add([...path, 'forwardTo', index], flaw);
    });
    return urls.filter((url) => !isNamedHost(url, role.terms.tenantHosts));
  }
}
