import { EXIT, UsageProblem, type Command, type CommandContext } from './command.js';
import { callHub, HUB_HELP, HUB_OPTIONS, printRefusal, type HubAnswer } from './hub-api.js';
import { readOptions } from './options.js';

export const quotaCommand: Command = {
  name: 'quota',
  summary: 'what WeChat says of an endpoint’s quota',
  help: `wechat-token-hub quota APPID PATH
    How often the app may still call one of WeChat's endpoints today, as in quota wx… /cgi-bin/message/custom/send

${HUB_HELP}`,

  async run(context) {
    const { values, positionals } = readOptions(context.args, HUB_OPTIONS, {
      atMost: 2,
      named: 'quota APPID PATH',
    });
    const [appid, path] = positionals;
    if (appid === undefined || path === undefined) throw new UsageProblem('of what? quota APPID PATH');
    const asked = `${appPath(appid)}/quota?path=${encodeURIComponent(path)}`;
    const answer = await callHub(context, values, 'GET', asked);
    if (answer.status !== 200) return printRefusal(context, values.json, answer);
    const { daily_limit: limit, used, remain } = (answer.body.quota ?? {}) as Record<string, unknown>;
    const said = `${path}: ${String(used)} of ${String(limit)} used today, ${String(remain)} left`;
    return finish(context, values.json, answer, [said]);
  },
};

export const quotaClearCommand: Command = {
  name: 'quota-clear',
  summary: 'have WeChat clear an app’s quotas (ten a month)',
  help: `wechat-token-hub quota-clear APPID --yes
    Clears the day's counts of all of the app's endpoints. WeChat allows ten a month; the hub counts them over all of
    its replicas. It can take 20 to 30 minutes to show.

  --yes             yes, spend one of the ten
${HUB_HELP}`,

  async run(context) {
    const { values, positionals } = readOptions(
      context.args,
      { ...HUB_OPTIONS, yes: { type: 'boolean' } },
      { atMost: 1, named: 'quota-clear APPID' },
    );
    const [appid] = positionals;
    if (appid === undefined) throw new UsageProblem('which app? quota-clear APPID');
    if (values.yes !== true)
      throw new UsageProblem('it spends one of ten a month; say --yes if you want that');
    const answer = await callHub(context, values, 'POST', `${appPath(appid)}/quota/clear`);
    if (answer.status !== 200) return printRefusal(context, values.json, answer);
    const line = `${appid}: cleared; ${String(answer.body.left)} left in this month`;
    return finish(context, values.json, answer, [line]);
  },
};

export const ridCommand: Command = {
  name: 'rid',
  summary: 'what a refused call was, by the rid in its errmsg',
  help: `wechat-token-hub rid APPID RID
    What WeChat tells of a call that it refused in the last 7 days. Tokens and secrets are taken out.

${HUB_HELP}`,

  async run(context) {
    const { values, positionals } = readOptions(context.args, HUB_OPTIONS, {
      atMost: 2,
      named: 'rid APPID RID',
    });
    const [appid, rid] = positionals;
    if (appid === undefined || rid === undefined) throw new UsageProblem('which call? rid APPID RID');
    const answer = await callHub(context, values, 'GET', `${appPath(appid)}/rid/${encodeURIComponent(rid)}`);
    if (answer.status !== 200) return printRefusal(context, values.json, answer);
    const lines = Object.entries(answer.body).map(([name, value]) => `${name.padEnd(14)} ${String(value)}`);
    return finish(context, values.json, answer, lines);
  },
};

function appPath(appid: string): string {
  return `/admin/apps/${encodeURIComponent(appid)}`;
}

function finish(
  context: CommandContext,
  json: boolean | undefined,
  { body }: HubAnswer,
  lines: readonly string[],
): number {
  for (const line of json === true ? [JSON.stringify(body)] : lines) context.out(line);
  return EXIT.ok;
}
