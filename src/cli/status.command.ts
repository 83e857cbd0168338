import { spanEn } from '../notices/wording/span.js';
import { EXIT, painter, UsageProblem, type Command, type CommandContext } from './command.js';
import { callHub, HUB_HELP, HUB_OPTIONS, notAHub, printRefusal } from './hub-api.js';
import { hubOf, isHubWell, printHub } from './hub-lines.js';
import { readOptions } from './options.js';
import { timeOf } from './times.js';

interface CredentialLine {
  readonly state: 'valid' | 'failing' | 'unavailable';
  readonly refreshing: boolean;
  readonly version: number | null;
  readonly expiresAt: string | null;
  readonly nextRefreshAt: string | null;
  readonly lastError: {
    readonly errcode: number | null;
    readonly errmsg: string;
    readonly hint: string;
  } | null;
}

interface AppLine extends CredentialLine {
  readonly appid: string;
  /** Of a folder of tenants. */
  readonly tenant?: string;
  readonly name: string | null;
  readonly tokenApi: string;
  readonly tickets: readonly (CredentialLine & { readonly type: string })[];
}

const COLOURS = { valid: 'green', failing: 'yellow', unavailable: 'red' } as const;

export const statusCommand: Command = {
  name: 'status',
  summary: 'how the apps of a running hub are doing',
  help: `wechat-token-hub status [APPID] [--failing] [--tenant NAME]
    A line per app, with the last error and what to do about it where it is not well; tickets that are not well below.
    At the end the hub itself: how many apps are well, whether Redis can be reached, the replicas that share it, and
    whose apps.yaml was refused. Times are shown in HUB_TIME_ZONE, else in the machine's zone.

  --failing         only the apps that are not well
  --tenant NAME     only the apps of this tenant; those of hub.yaml are hub's
${HUB_HELP}

Exit code 0: all is well. 1: an app, a ticket, Redis or the file of a replica is not; with APPID: the app alone counts.`,

  async run(context) {
    const { values, positionals } = readOptions(
      context.args,
      { ...HUB_OPTIONS, failing: { type: 'boolean' }, tenant: { type: 'string' } },
      { atMost: 1, named: 'status [APPID]' },
    );
    const [appid] = positionals;
    const path = appid === undefined ? '/admin/apps' : `/admin/apps/${encodeURIComponent(appid)}`;
    const answer = await callHub(context, values, 'GET', path);
    if (answer.status !== 200) return printRefusal(context, values.json, answer);
    const all: unknown = appid === undefined ? answer.body.apps : [answer.body];
    if (!areApps(all)) throw notAHub(context, values);
    const { tenant } = values;
    const given = tenant === undefined ? all : all.filter((app) => app.tenant === tenant);
    // A slip of the pen must not look like good news.
    if (tenant !== undefined && given.length === 0)
      throw new UsageProblem(`no app of tenant ${tenant} is seen by this key; it is NAME of NAME.yaml`);
    const shown = values.failing === true ? given.filter((app) => !isWell(app)) : given;
    const hub = appid === undefined ? await hubOf(context, values) : undefined;
    if (values.json === true) context.out(JSON.stringify({ apps: shown, ...(hub !== undefined && { hub }) }));
    else {
      printApps(context, shown);
      if (hub !== undefined) printHub(context, given, hub);
    }
    return given.every(isWell) && (hub === undefined || isHubWell(hub)) ? EXIT.ok : EXIT.failed;
  },
};

/** Another server may answer 200 as well. */
function areApps(given: unknown): given is AppLine[] {
  return (
    Array.isArray(given) &&
    given.every(
      (app: unknown) =>
        typeof app === 'object' &&
        app !== null &&
        typeof (app as AppLine).appid === 'string' &&
        (app as AppLine).state in COLOURS &&
        Array.isArray((app as AppLine).tickets),
    )
  );
}

function isWell(app: AppLine): boolean {
  return app.state === 'valid' && app.tickets.every((ticket) => !isMissed(ticket));
}

/** A ticket that nobody asks for rests: none is planned, and nobody misses it. */
function isMissed({ state, nextRefreshAt }: CredentialLine): boolean {
  return state !== 'valid' && nextRefreshAt !== null;
}

function printApps(context: CommandContext, apps: readonly AppLine[]): void {
  const paint = painter(context.coloured);
  const width = Math.max(5, ...apps.map(({ appid }) => appid.length));
  const indent = ' '.repeat(width);
  const shared = sharedHints(apps);
  const tenants = Math.max(0, ...apps.map(({ tenant = '' }) => tenant.length));
  for (const app of apps) {
    const name = app.name === null ? '' : `  ${paint('dim', app.name)}`;
    const state = paint(COLOURS[app.state], app.state.padEnd(11));
    context.out(
      `${app.appid.padEnd(width)}  ${columnOf(app.tenant, tenants)}${state}  ${app.tokenApi.padEnd(12)}  ${lifeOf(context, app)}${name}`,
    );
    if (app.state !== 'valid') printError(context, indent, app, shared);
    for (const ticket of app.tickets.filter(isMissed)) {
      context.out(
        `${indent}  ticket ${ticket.type}: ${paint(COLOURS[ticket.state], ticket.state)}, ${lifeOf(context, ticket)}`,
      );
      printError(context, indent, ticket, shared);
    }
  }
  for (const [hint, count] of shared) context.out(`\n${count} of these: ${hint}`);
}

/** Nothing with one file in place of a folder. */
function columnOf(tenant: string | undefined, width: number): string {
  return width === 0 ? '' : `${(tenant ?? '').padEnd(width)}  `;
}

/** So many with one remedy are one trouble: it is told once, below them. */
const FEW = 3;

function sharedHints(apps: readonly AppLine[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const app of apps) {
    const lines = [...(app.state === 'valid' ? [] : [app]), ...app.tickets.filter(isMissed)];
    for (const hint of new Set(lines.flatMap(({ lastError }) => lastError?.hint ?? []))) {
      counts.set(hint, (counts.get(hint) ?? 0) + 1);
    }
  }
  return new Map([...counts].filter(([, count]) => count > FEW));
}

function printError(
  context: CommandContext,
  indent: string,
  { lastError }: CredentialLine,
  shared: ReadonlyMap<string, number>,
): void {
  if (lastError === null) return;
  const { errcode, errmsg, hint } = lastError;
  context.out(`${indent}  ${errcode === null ? '' : `${errcode}: `}${errmsg}`);
  if (!shared.has(hint)) context.out(`${indent}  ${hint}`);
}

/** `1 h 42 min left, until 2026-12-05 00:00:10 UTC+8, v17` */
function lifeOf(context: CommandContext, { expiresAt, version, refreshing }: CredentialLine): string {
  const asking = refreshing ? ', WeChat is being asked' : '';
  const left = expiresAt === null ? 0 : Date.parse(expiresAt) - Date.now();
  if (expiresAt === null || left <= 0) return `none${asking}`;
  const until = timeOf(context, expiresAt);
  return `${spanEn(left)} left, until ${until}${version === null ? '' : `, v${version}`}${asking}`;
}
