import { localTime } from '../clock/local-time.js';
import { spanEn } from '../notices/wording/span.js';
import { EXIT, painter, UsageProblem, type Command, type CommandContext } from './command.js';
import { callHub, HUB_HELP, HUB_OPTIONS, notAHub, printRefusal } from './hub-api.js';
import { readOptions } from './options.js';

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
    Times are shown in HUB_TIME_ZONE, else in the machine's zone.

  --failing         only the apps that are not well
  --tenant NAME     only the apps of this tenant; those of hub.yaml are hub's
${HUB_HELP}

Exit code 0: all apps that were shown are well, with their tickets. 1: some are not.`,

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
    if (values.json === true) context.out(JSON.stringify({ apps: shown }));
    else printApps(context, shown);
    return given.every(isWell) ? EXIT.ok : EXIT.failed;
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
  const tenants = Math.max(0, ...apps.map(({ tenant = '' }) => tenant.length));
  for (const app of apps) {
    const name = app.name === null ? '' : `  ${paint('dim', app.name)}`;
    const state = paint(COLOURS[app.state], app.state.padEnd(11));
    context.out(
      `${app.appid.padEnd(width)}  ${columnOf(app.tenant, tenants)}${state}  ${app.tokenApi.padEnd(12)}  ${lifeOf(context, app)}${name}`,
    );
    if (app.state !== 'valid') printError(context, indent, app);
    for (const ticket of app.tickets.filter(isMissed)) {
      context.out(
        `${indent}  ticket ${ticket.type}: ${paint(COLOURS[ticket.state], ticket.state)}, ${lifeOf(context, ticket)}`,
      );
      printError(context, indent, ticket);
    }
  }
}

/** Nothing with one file in place of a folder. */
function columnOf(tenant: string | undefined, width: number): string {
  return width === 0 ? '' : `${(tenant ?? '').padEnd(width)}  `;
}

function printError(context: CommandContext, indent: string, { lastError }: CredentialLine): void {
  if (lastError === null) return;
  context.out(`${indent}  ${lastError.errmsg}`);
  context.out(`${indent}  ${lastError.hint}`);
}

/** `1 h 42 min left, until 2026-12-05 00:00:10 UTC+8, v17` */
function lifeOf(context: CommandContext, { expiresAt, version, refreshing }: CredentialLine): string {
  const asking = refreshing ? ', WeChat is being asked' : '';
  const left = expiresAt === null ? 0 : Date.parse(expiresAt) - Date.now();
  if (expiresAt === null || left <= 0) return `none${asking}`;
  const until = localTime(Date.parse(expiresAt), zoneOf(context));
  return `${spanEn(left)} left, until ${until}${version === null ? '' : `, v${version}`}${asking}`;
}

/** A zone that there is not is the hub's to complain of. */
function zoneOf({ env }: CommandContext): string | undefined {
  const zone = env.HUB_TIME_ZONE;
  if (zone === undefined || zone === '') return undefined;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return zone;
  } catch {
    return undefined;
  }
}
