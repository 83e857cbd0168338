import type { ClientEntry } from '../../core/access/client.js';
import { APP_DEFAULTS, NO_SECRET, type AppSettings } from '../../core/app.js';
import { fileOf, inOrder, namedFile } from './file-names.js';
import type { PlatformSettings } from '../../core/platform/platform.js';
import { grantsByTenant, withGrants } from './merge.js';

const app = (tenant: string, appid: string): AppSettings => ({
  ...APP_DEFAULTS,
  appid,
  tenant,
  name: undefined,
  secret: NO_SECRET,
});
const client = (tenant: string | undefined, apps: ClientEntry['apps']): ClientEntry => ({
  id: 'c',
  tenant,
  apps,
  keys: [],
  identities: [],
  allowIps: undefined,
  may: new Set(),
  gatewayPaths: undefined,
  requestsPerMinute: 1,
});
const platform = (tenant: string, appid: string): PlatformSettings => ({
  appid,
  tenant,
  name: undefined,
  secret: NO_SECRET,
  pushToken: undefined,
  aesKeys: [],
  forwardTo: [],
  publicOnly: [],
  tickets: [],
});
const byTenant = grantsByTenant(
  [app('hub', 'wx0'), app('a', 'wx1'), app('a', 'wx2'), app('b', 'wx3')],
  [platform('p', 'wxp'), platform('hub', 'wxq')],
);
const PLATFORMS = new Set(['wxp', 'wxq']);

describe('grants', () => {
  it.each<[string, ClientEntry, string[] | '*']>([
    ['a tenant’s "*" is all of its own', client('a', '*'), ['wx1', 'wx2']],
    ['and none where it has none', client('z', '*'), []],
    ['a tenant’s "*" is its platforms’ authorizers as well', client('p', '*'), ['wxp/*']],
    ['so is NAME/*', client(undefined, new Set(['p/*'])), ['wxp/*']],
    ['PLATFORM/* stays', client(undefined, new Set(['wxq/*', 'wxq/wxa'])), ['wxq/*', 'wxq/wxa']],
    ['a tenant’s list stays', client('a', new Set(['wx2'])), ['wx2']],
    ['a tenant’s NAME/* grants nothing', client('a', new Set(['b/*'])), ['b/*']],
    ['the operators’ "*" is all', client(undefined, '*'), '*'],
    [
      'the operators’ NAME/*',
      client(undefined, new Set(['wx0', 'b/*', 'a/*'])),
      ['wx0', 'wx3', 'wx1', 'wx2'],
    ],
    ['of a tenant that is not there', client(undefined, new Set(['nobody/*'])), []],
  ])('%s', (_what, entry, expected) => {
    const { apps } = withGrants(entry, byTenant, PLATFORMS);
    expect(apps === '*' ? '*' : [...apps]).toEqual(expected);
  });
});

describe('names of files', () => {
  it.each<[string, string | undefined]>([
    ['hub.yaml', 'hub'],
    ['team-a.yaml', 'team-a'],
    ['Team_1.b.yaml', 'Team_1.b'],
    ['..data', undefined],
    ['.team.yaml', undefined],
    ['README.md', undefined],
    ['team.yaml~', undefined],
    ['team.yml', 'flaw'],
    ['team.YAML', 'flaw'],
    ['a b.yaml', 'flaw'],
    ['-a.yaml', 'flaw'],
    ['.yaml', undefined],
  ])('%s', (name, expected) => {
    const named = namedFile(name);
    expect(named === undefined ? undefined : 'flaw' in named ? 'flaw' : named.tenant).toBe(expected);
    if (named !== undefined && 'tenant' in named) expect(fileOf(named.tenant)).toBe(name);
  });

  it('the operators’ comes first', () => {
    expect(inOrder(['z.yaml', 'hub.yaml', 'a.yaml'])).toEqual(['hub.yaml', 'a.yaml', 'z.yaml']);
    expect(inOrder(['z.yaml', 'a.yaml'])).toEqual(['a.yaml', 'z.yaml']);
  });
});
