import {
  accesses,
  circles,
  decoratedMethods,
  freeNames,
  readSources,
  registersRoutes,
  sourceFile,
  type SourceFile,
} from './support/source-tree.js';

/** The walls of ARCHITECTURE.md, held: reads the imports of src and compares them with the tables here. */

const sources = readSources();
const inFolder = (folder: string) => sources.filter((source) => source.folder === folder);
const isModule = ({ path }: SourceFile) => path.endsWith('.module.ts');

/**
 * Who may import whom, by folder. Everybody may import `core` and its own folder; files right in `src` (main.ts,
 * app.module.ts) are the composition root and may import all but the simulator. A new arrow is a decision: it is
 * made here, with its reason in the commit.
 */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  // Pure: decisions and transitions. Time and jitter are arguments.
  core: [],
  clock: [],
  config: [],
  'wechat-client': ['clock', 'config'],
  'access-guard': ['clock', 'config'],
  // Tokens of issuers: their keys, and what they prove.
  identities: ['clock', 'config', 'events'],
  // What happened, told by config and access; nothing decides by it.
  events: ['config', 'access-guard'],
  'token-cache': ['clock', 'config', 'events', 'wechat-client'],
  scheduler: ['clock', 'config', 'events', 'token-cache'],
  logging: ['clock', 'config', 'events'],
  // Who did what: listens, and writes.
  audit: ['clock', 'config', 'events', 'logging'],
  // What operators are told: looks, and writes.
  notices: ['clock', 'config', 'events', 'logging', 'token-cache', 'wechat-client'],
  metrics: ['clock', 'config', 'events', 'access-guard', 'identities', 'token-cache'],
  // The kit of all listeners: guard, errors, hooks.
  web: ['clock', 'config', 'events', 'logging', 'metrics', 'access-guard', 'identities', 'token-cache'],
  ops: ['clock', 'config', 'events', 'metrics', 'web', 'access-guard', 'token-cache'],
  // Callers' side: guard → cache → memory.
  http: ['clock', 'config', 'events', 'metrics', 'ops', 'web', 'access-guard', 'token-cache'],
  admin: [
    'clock',
    'config',
    'events',
    'http',
    'web',
    'access-guard',
    'token-cache',
    'wechat-client',
    'platforms',
  ],
  dropin: ['clock', 'config', 'events', 'web', 'gateway', 'access-guard', 'token-cache'],
  gateway: ['clock', 'config', 'events', 'web', 'metrics', 'access-guard', 'token-cache', 'wechat-client'],
  // The ops port's page: sees what the others hold, acts as /admin does.
  console: ['clock', 'config', 'events', 'web', 'admin', 'ops', 'audit', 'access-guard', 'token-cache'],
  // Third-party platforms: pushes → records → apps; sends pushes on as notices are sent.
  platforms: ['clock', 'config', 'events', 'notices', 'web', 'access-guard', 'token-cache', 'wechat-client'],
  // What is remembered of the files of a folder.
  tenants: ['config', 'events', 'token-cache'],
  // Users log in: guard → one call → answer.
  // Users of authorizers by the platform's own token.
  login: [
    'clock',
    'config',
    'events',
    'web',
    'http',
    'dropin',
    'gateway',
    'access-guard',
    'wechat-client',
    'platforms',
  ],
  bootstrap: [
    'clock',
    'config',
    'events',
    'logging',
    'metrics',
    'ops',
    'web',
    'http',
    'dropin',
    'gateway',
    'login',
    'platforms',
  ],
  // A program of its own, for people: asks a running hub, checks a file, or starts the hub (`.`: main.ts).
  // `doctor` looks at Redis over the connection that the hub would use; `state` opens the hub's own stores, which tell.
  cli: ['.', 'clock', 'config', 'events', 'identities', 'wechat-client', 'token-cache'],
  // The upstream of tests and demo, a program of its own.
  simulator: ['clock'],
};

/**
 * A feature's pure rules, beside the feature: as pure as the core, and like it for everybody to import. They import the
 * core and one another.
 */
const PURE: readonly string[] = [
  'audit/denial-hints.ts',
  'audit/record.ts',
  'console/viewing-limits.ts',
  'events/describe-reload.ts',
  'admin/rules/quota.ts',
  'admin/rules/seed.ts',
  'config/folder/file-names.ts',
  'config/folder/merge.ts',
  'config/folder/settle.ts',
  'gateway/rules/answer.ts',
  'gateway/rules/errors.ts',
  'gateway/rules/headers.ts',
  'gateway/rules/never-forwarded.ts',
  'gateway/rules/query.ts',
  'gateway/rules/target.ts',
  'identities/rules/certificate-names.ts',
  'identities/rules/claims.ts',
  'identities/rules/header.ts',
  'identities/rules/key-set.ts',
  'identities/rules/places.ts',
  'logging/denial-sums.ts',
  'login/rules/ask.ts',
  'login/rules/outcome.ts',
  'login/rules/sns-answer.ts',
  'login/rules/user-call.ts',
  'login/rules/user-hints.ts',
  'login/rules/whose.ts',
  'notices/notice.ts',
  'notices/watching/watch.ts',
  'notices/watching/gathering.ts',
  'notices/watching/expiry.ts',
  'notices/wording/cause-text.ts',
  'notices/wording/cause-texts.ts',
  'notices/wording/problem-zh.ts',
  'notices/wording/wecom-cause-texts.ts',
  'notices/wording/platform-cause-texts.ts',
  'notices/wording/error-texts.ts',
  'notices/wording/languages.ts',
  'notices/wording/links.ts',
  'notices/wording/plain.ts',
  'notices/wording/span.ts',
  'notices/wording/wording.ts',
  'notices/wording/words.ts',
  'notices/wording/words-en.ts',
  'notices/wording/words-zh.ts',
  'notices/sending/outbox.ts',
  'notices/sending/robots.ts',
];

describe('who imports whom', () => {
  it('the table has every folder of src, and no other', () => {
    const folders = new Set(sources.map(({ folder }) => folder));
    folders.delete('.');
    expect([...folders].filter((folder) => !(folder in ARROWS))).toEqual([]);
  });

  it.each(Object.keys(ARROWS))('%s', (folder) => {
    const allowed = new Set([folder, 'core', ...(ARROWS[folder] ?? [])]);
    const forbidden = inFolder(folder).flatMap((source) =>
      source.imports.flatMap(({ file, specifier }) => {
        // version.ts is a constant.
        if (file === undefined || file === 'version.ts' || PURE.includes(file)) return [];
        const target = file.includes('/') ? (file.split('/')[0] ?? '.') : '.';
        return allowed.has(target) ? [] : [`${source.path} imports ${specifier}`];
      }),
    );
    expect(forbidden).toEqual([]);
  });

  it('nothing but modules and the composition root imports a controller', () => {
    const importers = sources.filter(
      (source) =>
        !isModule(source) &&
        source.folder !== 'bootstrap' &&
        source.imports.some(({ file }) => file?.endsWith('.controller.ts') === true),
    );
    expect(importers.map(({ path }) => path)).toEqual([]);
  });

  it('the simulator is imported by nobody', () => {
    const importers = sources.filter(
      ({ folder, imports }) =>
        folder !== 'simulator' && imports.some(({ file }) => file?.startsWith('simulator/') === true),
    );
    expect(importers.map(({ path }) => path)).toEqual([]);
  });

  it('each import of an own file ends in .js and leads to a file', () => {
    const paths = new Set(sources.map(({ path }) => path));
    const broken = sources.flatMap(({ path, imports }) =>
      imports.flatMap(({ file, specifier }) =>
        file !== undefined && (!specifier.endsWith('.js') || !paths.has(file))
          ? [`${path}: ${specifier}`]
          : [],
      ),
    );
    expect(broken).toEqual([]);
  });

  it('there are no circles', () => {
    expect(circles(sources)).toEqual([]);
  });

  it('there are no barrel files and no forwardRef', () => {
    expect(sources.filter(({ path }) => /(^|\/)index\.ts$/.test(path)).map(({ path }) => path)).toEqual([]);
    expect(sources.filter((source) => freeNames(source).has('forwardRef')).map(({ path }) => path)).toEqual(
      [],
    );
  });
});

describe('the core is pure, and so are the rules of features', () => {
  /** Clocks, chance, I/O, the process: whatever gives another answer to the same question. */
  const IMPURE = [
    ...['Date', 'performance', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'],
    ...['process', 'globalThis', 'console', 'fetch', 'crypto', 'Buffer', 'require', 'Intl'],
  ];

  const pure = [...inFolder('core'), ...sources.filter(({ path }) => PURE.includes(path))];

  it('every file of the list is there', () => {
    expect(PURE.filter((path) => !pure.some((source) => source.path === path))).toEqual([]);
  });

  it.each(pure.map((source) => [source.path, source] as const))('%s', (_path, source) => {
    const foreign = source.imports.filter(
      ({ file }) => file === undefined || !(file.startsWith('core/') || PURE.includes(file)),
    );
    expect(foreign).toEqual([]);
    const names = freeNames(source);
    expect(IMPURE.filter((name) => names.has(name))).toEqual([]);
    expect([...accesses(source)].filter((access) => access === 'Math.random')).toEqual([]);
  });
});

describe('npm packages and Node’s own modules', () => {
  /** Where a package may be used at all: the port or edge that it is hidden behind. */
  const PLACES: Readonly<Record<string, RegExp>> = {
    undici: /^(wechat-client|gateway|notices|identities|cli)\//,
    jose: /^identities\//,
    ioredis: /^token-cache\/stores\//,
    pino: /^logging\//,
    yaml: /^config\//,
    'prom-client': /^metrics\//,
    'class-validator': /^config\//,
    'class-transformer': /^config\//,
    '@nestjs/schedule': /^(scheduler\/|app\.module\.ts$)/,
    '@nestjs/config': /^config\//,
    '@nestjs/swagger': /^(http|admin|dropin|gateway|login|bootstrap)\//,
    fastify: /^(web|http|admin|dropin|gateway|login|platforms|ops|console|bootstrap)\//,
    // The file of a hub without Redis, and the kernel's lock on it.
    'fs-native-extensions': /^token-cache\/stores\/file\//,
    'node:fs':
      /^((config|bootstrap|token-cache\/stores\/file)\/|logging\/log-output\.ts$|console\/page-files\.ts$|version\.ts$)/,
    'node:fs/promises': /^(config|cli|audit|token-cache\/stores\/file)\//,
    'node:worker_threads': /^config\//,
    'node:child_process': /^$/,
  };

  it.each(Object.keys(PLACES))('%s', (name) => {
    const users = sources.filter(({ imports }) => imports.some(({ specifier }) => specifier === name));
    expect(users.map(({ path }) => path).filter((path) => PLACES[name]?.test(path) !== true)).toEqual([]);
  });

  it('the simulator needs Node alone', () => {
    const npm = inFolder('simulator').flatMap(({ imports }) =>
      imports.filter(({ file, specifier }) => file === undefined && !specifier.startsWith('node:')),
    );
    expect(npm).toEqual([]);
  });
});

describe('the environment and secrets', () => {
  it('process.env is read in src/config alone', () => {
    const readers = sources.filter(
      (source) => accesses(source).has('process.env') && source.folder !== 'config',
    );
    expect(readers.map(({ path }) => path)).toEqual([]);
  });

  /** Each line: a place where a secret leaves its wrapper, and why it must. */
  const REVEALING = [
    'core/secret.ts',
    // To WeChat.
    'wechat-client/http-wechat-client.ts',
    'wechat-client/kinds/wechat-calls.ts',
    'wechat-client/kinds/wecom-calls.ts',
    'wechat-client/kinds/platform-calls.ts',
    'wechat-client/platform-upstream.ts',
    'wechat-client/wechat-quota.ts',
    'gateway/call/gateway-call.ts',
    'login/login-upstream.ts',
    // To a robot of the operators: its URL and its signature.
    'notices/sending/channel.ts',
    // To see whether the operators name its host.
    'config/folder/folder-files.ts',
    // To see of which form the URL is.
    'config/environment/disagreements.ts',
    // To the outbound proxy.
    'wechat-client/outbound.ts',
    // As the name of a robot, and of an entry of apps.yaml.
    'notices/sending/channels.ts',
    'notices/targets.ts',
    // To be found in what WeChat sends back, and taken out.
    'gateway/call/token-spellings.ts',
    // To an authorised caller.
    'core/token-answer.ts',
    'gateway/own-tickets.ts',
    'http/ticket.controller.ts',
    'dropin/drop-in.service.ts',
    // Into a signature or a hash.
    'http/jssdk-signature.ts',
    'token-cache/refresh/app-entry.ts',
    'token-cache/served-tokens.ts',
    // Into the store.
    'token-cache/stores/redis/record.ts',
    'token-cache/stores/redis/seal.ts',
    'token-cache/stores/file/state-lines.ts',
    'config/environment/redis-access.ts',
    'platforms/platform-records.ts',
    // A code of an authorisation, to tell it from others.
    'platforms/authorizations.ts',
    // By them pushes are proved and opened.
    'platforms/push-crypto.ts',
  ];

  it('.reveal() is called in these files alone', () => {
    const revealing = sources.filter((source) => accesses(source).has('.reveal')).map(({ path }) => path);
    expect(revealing.filter((path) => !REVEALING.includes(path))).toEqual([]);
  });
});

describe('every route is guarded', () => {
  const VERBS = ['Get', 'Post', 'Put', 'Patch', 'Delete', 'All', 'Head', 'Options', 'Search'];

  it('each method of a controller that takes requests has @May or @Open, and not both', () => {
    const routes = sources
      .flatMap(decoratedMethods)
      .filter(({ names }) => names.some((name) => VERBS.includes(name)));
    expect(routes.length).toBeGreaterThan(5);
    const wrong = routes.filter(({ names }) => names.includes('May') === names.includes('Open'));
    expect(wrong.map(({ where }) => where)).toEqual([]);
  });

  /** Registered on Fastify itself; test/e2e/undeclared-routes.spec.ts holds that each declares its act all the same. */
  const BESIDE_THE_GUARD = [
    'ops/ops-server.ts',
    'console/console.routes.ts',
    'dropin/drop-in.routes.ts',
    'gateway/gateway.routes.ts',
    'login/sns.routes.ts',
    'platforms/platform.routes.ts',
  ];

  it('nobody else registers routes on the server itself', () => {
    const users = sources.filter(registersRoutes).map(({ path }) => path);
    expect(users.filter((path) => !BESIDE_THE_GUARD.includes(path))).toEqual([]);
    expect(users).toContain('ops/ops-server.ts');
  });
});

describe('files that ask to be two', () => {
  const LONGEST = 250;
  /** One state machine each; a cut through them would be one through the middle of a sentence. */
  const LONGER: Readonly<Record<string, number>> = {
    'token-cache/token-cache.service.ts': 365,
    'token-cache/replicas/replica-sync.ts': 255,
    'config/reload/apps-config.service.ts': 285,
    'token-cache/stores/redis/redis-token-store.ts': 375,
    // The one reducer of attempts, and the rules of replicas: each reads as one text.
    'core/attempt.ts': 525,
    'core/coordination.ts': 340,
    // One door.
    'access-guard/access.service.ts': 270,
    // One rule, read from top to bottom.
    'core/access/decision.ts': 360,
    // Tables.
    'config/apps-file/rules.ts': 305,
    'config/apps-file/read.ts': 295,
    'core/wechat-error.ts': 310,
    'events/hub-events.ts': 260,
    'token-cache/refresh/app-entry.ts': 425,
    'token-cache/refresh/token-check.ts': 275,
    'token-cache/stores/redis/scripts.ts': 285,
    'token-cache/stores/redis/redis-link.ts': 265,
    'token-cache/refresh/attempt-loop.ts': 305,
    // The simulated WeChat's side of platforms: one desk.
    'simulator/platforms/platform-desk.ts': 345,
    // All doors that speak as WeChat does.
    'dropin/drop-in.service.ts': 270,
  };

  it(`no file has more than ${LONGEST} lines`, () => {
    const long = sources.filter(({ path, lines }) => lines > (LONGER[path] ?? LONGEST));
    expect(long.map(({ path, lines }) => `${path}: ${lines}`)).toEqual([]);
  });
});

describe('the rules themselves see what they should', () => {
  const of = (text: string, path = 'core/x.ts') => sourceFile(path, text);

  it('imports of every form', () => {
    const text = `import a from './a.js'; import type { B } from '../b/b.js'; export * from './c.js';
      import { type D } from './d.js'; const e = await import('node:fs'); let f: import('./f.js').F; import 'g';`;
    expect(of(text).imports).toEqual([
      { specifier: './a.js', file: 'core/a.ts' },
      { specifier: '../b/b.js', file: 'b/b.ts' },
      { specifier: './c.js', file: 'core/c.ts' },
      { specifier: './d.js', file: 'core/d.ts' },
      { specifier: 'node:fs', file: undefined },
      { specifier: './f.js', file: 'core/f.ts' },
      { specifier: 'g', file: undefined },
    ]);
  });

  it('clocks and chance in code, not in comments or names of fields', () => {
    const pure = of('/** Date, Math.random */ const x = { Date: 1, performance: 2 }; x.Date; x.setTimeout;');
    expect(freeNames(pure).has('Date')).toBe(false);
    const impure = of('const y = Date.now(); const r = Math.random(); const t = setTimeout; process.env.X;');
    expect([...freeNames(impure)]).toEqual(expect.arrayContaining(['Date', 'setTimeout', 'process']));
    expect([...accesses(impure)]).toEqual(expect.arrayContaining(['Math.random', 'process.env']));
  });

  it('circles', () => {
    const ring = [
      of(`import './b.js';`, 'core/a.ts'),
      of(`import './c.js';`, 'core/b.ts'),
      of(`import './a.js';`, 'core/c.ts'),
    ];
    expect(circles(ring)).toEqual(['core/a.ts → core/b.ts → core/c.ts → core/a.ts']);
    const types = [of(`import type { B } from './b.js';`, 'core/a.ts'), of(`import './a.js';`, 'core/b.ts')];
    expect(circles(types)).toEqual(['core/a.ts → core/b.ts → core/a.ts']);
    expect(circles(types.slice(1))).toEqual([]);
  });

  it('routes without a guard', () => {
    const text = `class X { @Get('a') @May('read') good() {} @Post() bad() {} @Inject() other() {} }`;
    expect(decoratedMethods(of(text, 'http/x.ts'))).toEqual([
      { where: 'http/x.ts X.good', names: ['Get', 'May'] },
      { where: 'http/x.ts X.bad', names: ['Post'] },
      { where: 'http/x.ts X.other', names: ['Inject'] },
    ]);
  });
});
