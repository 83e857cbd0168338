import { EXIT, UsageProblem, type Command, type CommandContext } from './command.js';
import { callHub, HUB_HELP, HUB_OPTIONS, notAHub, printRefusal, type HubAnswer } from './hub-api.js';
import { readOptions } from './options.js';

export const refreshCommand: Command = {
  name: 'refresh',
  summary: 'have a running hub ask WeChat for an app now, or for all that fail',
  help: `wechat-token-hub refresh APPID [--force --yes]
    Asks WeChat now. --force uses WeChat's force_refresh (stable_token): the token before dies at once, also for
    whoever still uses it; 20 a day, 30 s apart.
wechat-token-hub refresh --failing
    Asks WeChat for all apps and tickets that fail, 50 at a time; answers at once with their appids.

  --force           needs --yes as well
  --yes             yes, kill the present token
  --failing         all that fail
${HUB_HELP}`,

  async run(context) {
    const { values, positionals } = readOptions(
      context.args,
      {
        ...HUB_OPTIONS,
        force: { type: 'boolean' },
        yes: { type: 'boolean' },
        failing: { type: 'boolean' },
      },
      { atMost: 1, named: 'refresh APPID' },
    );
    const [appid] = positionals;
    if (values.failing === true) {
      if (appid !== undefined || values.force === true) {
        throw new UsageProblem('--failing goes without an APPID and without --force');
      }
      return refreshFailing(context, values);
    }
    if (appid === undefined) throw new UsageProblem('which app? refresh APPID, or refresh --failing');
    const force = values.force === true;
    if (force && values.yes !== true) {
      throw new UsageProblem('--force kills the present token at once; say --yes if that is what you want');
    }
    const path = `/admin/apps/${encodeURIComponent(appid)}/refresh`;
    const answer = await callHub(context, values, 'POST', path, { force });
    if (answer.status !== 200) return printRefusal(context, values.json, answer);
    const { version, expires_in: seconds } = answer.body;
    if (typeof version !== 'number') throw notAHub(context, values);
    return finish(
      context,
      values.json,
      answer,
      `${appid}: version ${version}, good for ${String(seconds)} s`,
    );
  },
};

async function refreshFailing(
  context: CommandContext,
  values: { readonly json?: boolean | undefined; readonly url?: string | undefined },
): Promise<number> {
  const answer = await callHub(context, values, 'POST', '/admin/refresh', { failing: true });
  if (answer.status !== 200) return printRefusal(context, values.json, answer);
  const { refreshing } = answer.body;
  if (!Array.isArray(refreshing)) throw notAHub(context, values);
  const line =
    refreshing.length === 0
      ? 'nothing fails'
      : `${refreshing.length} app(s) are tried now: ${refreshing.join(', ')}; see status --failing in a moment`;
  return finish(context, values.json, answer, line);
}

export const reloadCommand: Command = {
  name: 'reload',
  summary: 'have a running hub read apps.yaml again',
  help: `wechat-token-hub reload
    All or nothing: a file with problems changes nothing, and they are printed. Of a folder of tenants that holds for
    each file; with the key of a tenant's admin its file alone is read.

${HUB_HELP}

Exit code 0: taken over. 1: refused.`,

  async run(context) {
    const { values } = readOptions(context.args, HUB_OPTIONS, { atMost: 0, named: 'reload' });
    const answer = await callHub(context, values, 'POST', '/admin/reload');
    const { added, changed, removed } = answer.body;
    if (answer.status !== 200) {
      const code = printRefusal(context, values.json, answer);
      if (values.json !== true && Array.isArray(added)) context.err(reloaded(answer, 'the other files'));
      return code;
    }
    if (![added, changed, removed].every((list) => Array.isArray(list))) throw notAHub(context, values);
    return finish(context, values.json, answer, reloaded(answer, 'reloaded'));
  },
};

function reloaded({ body }: HubAnswer, what: string): string {
  const count = (list: unknown): number => (Array.isArray(list) ? list.length : 0);
  const { added, changed, removed, unchanged } = body;
  return `${what}: ${count(added)} added, ${count(changed)} changed, ${count(removed)} removed, ${String(unchanged)} unchanged`;
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
