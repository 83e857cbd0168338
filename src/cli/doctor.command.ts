import { networkInterfaces } from 'node:os';
import { SystemClock } from '../clock/system-clock.js';
import { sourceOf } from '../config/folder/source.js';
import type { HubEnvironment } from '../config/environment/environment.js';
import { parseEnvironment } from '../config/environment/parse.js';
import { redisAccess, type RedisAccess } from '../config/environment/redis-access.js';
import { formatProblems } from '../config/apps-file/problem.js';
import type { ClientEntry } from '../core/access/client.js';
import type { IssuerSettings } from '../core/access/identity.js';
import type { AppSettings } from '../core/app.js';
import type { UpstreamError } from '../core/upstream.js';
import { addressesIn, WHITELIST_ERRCODES } from '../core/whitelist.js';
import { HttpWeChatClient } from '../wechat-client/http-wechat-client.js';
import { readState } from '../token-cache/stores/file/state-file.js';
import { StateProblem } from '../token-cache/stores/file/state-problem.js';
import { probeRedis } from '../token-cache/stores/redis/redis-probe.js';
import { sealingKeys } from '../token-cache/stores/redis/seal.js';
import { certificateFindings, listenerFindings, redisWayFindings } from './exposure-findings.js';
import { issuerFindings } from './issuer-findings.js';
import { EXIT, painter, type Command, type CommandContext } from './command.js';
import type { Finding } from './finding.js';
import { readOptions } from './options.js';
import { redisFindings } from './redis-findings.js';
import { checkUpstreams } from './upstream-findings.js';

/** Apps that are asked about at a time. */
const AT_A_TIME = 10;

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'look for what keeps the hub from working, and say how to mend it',
  help: `wechat-token-hub doctor [--skip-apps] [--json]
    Checks the environment and apps.yaml; what lies open to the network (plain HTTP, a weak or ending certificate, a public
    ops port, a plain way to Redis); the Redis of HUB_REDIS_URL (reachable, version, latency, takes writes, throws
    nothing away, clocks; Sentinels and Cluster nodes one by one); the state file (whether it opens); the way to each
    upstream that the apps use (DNS, TLS, the clock); the keys of each issuer of tokens; and each app's credentials with a harmless call: stable_token in normal mode, which changes no token, also for apps that use tokenApi: token, since
    WeChat keeps the two apart. Where WeChat refuses the address, it names the one that it sees.

  --skip-apps   do not ask about the apps
  --json        {"findings": [{"what", "result", "detail", "fix"}]}

Exit code 0: nothing wrong. 1: problems. 78: the configuration is wrong.`,

  async run(context) {
    const { values } = readOptions(
      context.args,
      { json: { type: 'boolean' }, 'skip-apps': { type: 'boolean' } },
      { atMost: 0, named: 'doctor' },
    );
    const findings: Finding[] = [];
    const found = (finding: Finding): void => {
      findings.push(finding);
      if (values.json !== true) print(context, finding);
    };
    const configured = await checkConfiguration(context, found);
    if (configured !== undefined) {
      checkExposure(configured.environment, found);
      await checkStore(configured.environment, found);
      await checkUpstreams(configured, found);
      for (const finding of issuerFindings(configured)) found(await finding);
      if (values['skip-apps'] !== true) await checkApps(configured, found);
    }
    if (values.json === true) context.out(JSON.stringify({ findings }));
    if (configured === undefined) return EXIT.config;
    return findings.some(({ result }) => result === 'problem') ? EXIT.failed : EXIT.ok;
  },
};

interface Configured {
  readonly environment: HubEnvironment;
  readonly apps: readonly AppSettings[];
  readonly issuers: readonly IssuerSettings[];
  readonly clients: readonly ClientEntry[];
}

async function checkConfiguration(
  context: CommandContext,
  found: (finding: Finding) => void,
): Promise<Configured | undefined> {
  const parsed = parseEnvironment(context.env);
  if (!parsed.ok) {
    for (const detail of parsed.problems) found({ what: 'environment', result: 'problem', detail });
    return undefined;
  }
  found({ what: 'environment', result: 'ok', detail: 'the HUB_* variables are good' });
  const { environment } = parsed;
  const { result } = await sourceOf(environment.appsFile, environment.secretsDir, {
    env: () => context.env,
  }).read('start');
  if (!result.ok) {
    for (const detail of formatProblems(result.problems, environment.appsFile)) {
      found({ what: 'apps.yaml', result: 'problem', detail });
    }
    return undefined;
  }
  found({
    what: 'apps.yaml',
    result: result.clients.length === 0 ? 'warning' : 'ok',
    detail: `${result.apps.length} app(s), ${result.clients.length} client(s)`,
    fix:
      result.clients.length === 0
        ? 'a file without clients serves nobody: add one under clients:'
        : undefined,
  });
  for (const detail of formatProblems(result.problems ?? [], environment.appsFile))
    found({ what: 'apps.yaml', result: 'problem', detail });
  const { apps, issuers, clients } = result;
  return { environment, apps, issuers, clients };
}

function checkExposure(environment: HubEnvironment, found: (finding: Finding) => void): void {
  const addresses = Object.values(networkInterfaces()).flatMap((all) =>
    (all ?? []).map(({ address }) => address),
  );
  for (const finding of listenerFindings(environment, addresses)) found(finding);
  for (const finding of certificateFindings(environment.tlsCertFile, Date.now())) found(finding);
}

async function checkStore(environment: HubEnvironment, found: (finding: Finding) => void): Promise<void> {
  let access: RedisAccess | undefined;
  try {
    access = redisAccess(environment);
  } catch (error) {
    found({ what: 'store', result: 'problem', detail: (error as Error).message });
    return;
  }
  if (access === undefined) {
    found(memoryFinding(environment));
    return;
  }
  for (const finding of redisWayFindings(access.target, environment.encryptionKeys.length > 0))
    found(finding);
  for (const finding of redisFindings(await probeRedis(access, environment.redisPrefix))) found(finding);
}

function memoryFinding({ stateFile, encryptionKeys }: HubEnvironment): Finding {
  const what = 'store';
  if (stateFile === undefined)
    return { what, result: 'ok', detail: 'memory of the process: run one replica (HUB_REDIS_URL is unset)' };
  try {
    const { content, size } = readState(stateFile, sealingKeys(encryptionKeys));
    const has =
      content === undefined
        ? 'is not there yet'
        : `opens: ${content.credentials.length} token(s) and ticket(s), ${content.records.length} record(s), ${size} bytes`;
    return {
      what,
      result: 'ok',
      detail: `memory of the process, kept in ${stateFile}, which ${has}: run one replica`,
    };
  } catch (error) {
    if (!(error instanceof StateProblem)) throw error;
    return { what, result: 'problem', detail: error.message };
  }
}

async function checkApps(configured: Configured, found: (finding: Finding) => void): Promise<void> {
  const clock = new SystemClock();
  const client = new HttpWeChatClient(configured.environment, clock);
  try {
    // Told in the order of the file, as soon as those before are known.
    const findings = new Array<Promise<Finding>>();
    for (const [index, app] of configured.apps.entries()) {
      const place = findings[index - AT_A_TIME] ?? Promise.resolve();
      findings.push(
        place.then(async () => {
          const result = await client.fetchToken(
            app.kind === 'wechat' ? { ...app, tokenApi: 'stable_token' } : app,
          );
          return result.ok ? goodApp(app) : badApp(app, result.error);
        }),
      );
    }
    for (const finding of findings) found(await finding);
  } finally {
    await client.close();
    clock.onApplicationShutdown();
  }
}

function shownApp({ appid, name }: AppSettings): string {
  return name === undefined ? appid : `${appid} (${name})`;
}

function goodApp(app: AppSettings): Finding {
  return { what: shownApp(app), result: 'ok', detail: 'WeChat takes the AppSecret and this address' };
}

function badApp(app: AppSettings, error: UpstreamError): Finding {
  const seen =
    error.errcode !== undefined && WHITELIST_ERRCODES.has(error.errcode) ? addressesIn(error.errmsg) : [];
  const egress = seen.length === 0 ? '' : `; WeChat sees this hub as ${seen.join(', ')}`;
  return { what: shownApp(app), result: 'problem', detail: `${error.errmsg}${egress}`, fix: error.hint };
}

function print(context: CommandContext, { what, result, detail, fix }: Finding): void {
  const paint = painter(context.coloured);
  const mark = {
    ok: paint('green', 'ok     '),
    warning: paint('yellow', 'warning'),
    problem: paint('red', 'problem'),
  };
  context.out(`${mark[result]}  ${what}: ${detail}`);
  if (fix !== undefined) context.out(`         ${fix}`);
}
