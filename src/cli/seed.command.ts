import { EXIT, UsageProblem, type Command } from './command.js';
import { callHub, HUB_HELP, HUB_OPTIONS, printRefusal } from './hub-api.js';
import { readOptions } from './options.js';

export const seedCommand: Command = {
  name: 'seed',
  summary: 'give a running hub the living token of the server that it replaces',
  help: `wechat-token-hub seed APPID --expires-in SECONDS
    For an app with tokenApi: token. Reads the token from stdin (not from the command line, which others can see);
    the hub serves it from now on, and mints the next one when it is due.

  --expires-in SECONDS   what is left of the token's life, 1 to 7200
${HUB_HELP}`,

  async run(context) {
    const { values, positionals } = readOptions(
      context.args,
      { ...HUB_OPTIONS, 'expires-in': { type: 'string' } },
      { atMost: 1, named: 'seed APPID' },
    );
    const [appid] = positionals;
    if (appid === undefined) throw new UsageProblem('for which app? seed APPID --expires-in SECONDS');
    const seconds = values['expires-in'];
    if (seconds === undefined || !/^[0-9]{1,4}$/.test(seconds)) {
      throw new UsageProblem('--expires-in: how many seconds has the token left? 1 to 7200');
    }
    const body = { access_token: (await context.readInput()).trim(), expires_in: Number(seconds) };
    const answer = await callHub(
      context,
      values,
      'POST',
      `/admin/apps/${encodeURIComponent(appid)}/seed`,
      body,
    );
    if (answer.status !== 200) return printRefusal(context, values.json, answer);
    const { version, expires_in: left } = answer.body;
    context.out(
      values.json === true
        ? JSON.stringify(answer.body)
        : `${appid}: taken over as version ${String(version)}, good for ${String(left)} s`,
    );
    return EXIT.ok;
  },
};
