import { EXIT, painter, UsageProblem, type Command, type CommandContext } from './command.js';
import { callHub, HUB_HELP, HUB_OPTIONS, printRefusal, type HubAnswer } from './hub-api.js';
import { readOptions } from './options.js';

interface AppLine {
  readonly appid: string;
  readonly name: string | null;
  readonly tokenApi: string;
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

const COLOURS = { valid: 'green', failing: 'yellow', unavailable: 'red' } as const;

export const statusCommand: Command = {
  name: 'status',
  summary: 'how the apps of a running hub are doing',
  help: `wechat-token-hub status [APPID] [--failing]
    A line per app, with the last error and what to do about it where it is not well.

  --failing         only the apps that are not well
${HUB_HELP}

Exit code 0: all apps that were shown are well. 1: some are not.`,

  async run(context) {
    const { values, positionals } = readOptions(
      context.args,
      { ...HUB_OPTIONS, failing: { type: 'boolean' } },
      { atMost: 1, named: 'status [APPID]' },
    );
    const [appid] = positionals;
    const path = appid === undefined ? '/admin/apps' : `/admin/apps/${encodeURIComponent(appid)}`;
    const answer = await callHub(context, values, 'GET', path);
    if (answer.status !== 200) return printRefusal(context, answer);
    const apps = (appid === undefined ? answer.body.apps : [answer.body]) as AppLine[];
    const shown = values.failing === true ? apps.filter((app) => !isWell(app)) : apps;
    if (values.json === true) context.out(JSON.stringify({ apps: shown }));
    else printApps(context, shown);
    return apps.every(isWell) ? EXIT.ok : EXIT.failed;
  },
};

export const refreshCommand: Command = {
  name: 'refresh',
  summary: 'have a running hub ask WeChat for an app now',
  help: `wechat-token-hub refresh APPID [--force --yes]
    Asks WeChat now. --force uses WeChat's force_refresh (stable_token): the token before dies at once, also for
    whoever still uses it; 20 a day, 30 s apart.

  --force           needs --yes as well
  --yes             yes, kill the present token
${HUB_HELP}`,

  async run(context) {
    const { values, positionals } = readOptions(
      context.args,
      { ...HUB_OPTIONS, force: { type: 'boolean' }, yes: { type: 'boolean' } },
      { atMost: 1, named: 'refresh APPID' },
    );
    const [appid] = positionals;
    if (appid === undefined) throw new UsageProblem('which app? refresh APPID');
    const force = values.force === true;
    if (force && values.yes !== true) {
      throw new UsageProblem('--force kills the present token at once; say --yes if that is what you want');
    }
    const path = `/admin/apps/${encodeURIComponent(appid)}/refresh`;
    const answer = await callHub(context, values, 'POST', path, { force });
    if (answer.status !== 200) return printRefusal(context, answer);
    const { version, expires_in: seconds } = answer.body;
    return finish(
      context,
      values.json,
      answer,
      `${appid}: version ${String(version)}, good for ${String(seconds)} s`,
    );
  },
};

export const reloadCommand: Command = {
  name: 'reload',
  summary: 'have a running hub read apps.yaml again',
  help: `wechat-token-hub reload
    All or nothing: a file with problems changes nothing, and they are printed.

${HUB_HELP}`,

  async run(context) {
    const { values } = readOptions(context.args, HUB_OPTIONS, { atMost: 0, named: 'reload' });
    const answer = await callHub(context, values, 'POST', '/admin/reload');
    if (answer.status !== 200) return printRefusal(context, answer);
    const count = (field: unknown): number => (Array.isArray(field) ? field.length : Number(field));
    const { added, changed, removed, unchanged } = answer.body;
    return finish(
      context,
      values.json,
      answer,
      `reloaded: ${count(added)} added, ${count(changed)} changed, ${count(removed)} removed, ${count(unchanged)} unchanged`,
    );
  },
};

function isWell({ state }: AppLine): boolean {
  return state === 'valid';
}

function finish(
  context: CommandContext,
  json: boolean | undefined,
  { body }: HubAnswer,
  line: string,
): number {
  context.out(json === true ? JSON.stringify(body) : line);
  return EXIT.ok;
}

function printApps(context: CommandContext, apps: readonly AppLine[]): void {
  const paint = painter(context.coloured);
  const width = Math.max(5, ...apps.map(({ appid }) => appid.length));
  for (const app of apps) {
    const until = app.expiresAt === null ? 'no token' : `until ${app.expiresAt}`;
    const version = app.version === null ? '' : ` v${app.version}`;
    const refreshing = app.refreshing ? paint('dim', ' (asking WeChat)') : '';
    const name = app.name === null ? '' : `  ${paint('dim', app.name)}`;
    context.out(
      `${app.appid.padEnd(width)}  ${paint(COLOURS[app.state], app.state.padEnd(11))}${refreshing}  ${app.tokenApi.padEnd(12)}  ${until}${version}${name}`,
    );
    if (!isWell(app) && app.lastError !== null) {
      context.out(`${' '.repeat(width)}  ${app.lastError.errmsg}`);
      context.out(`${' '.repeat(width)}  ${app.lastError.hint}`);
    }
  }
}
