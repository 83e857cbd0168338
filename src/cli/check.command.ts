import { AppsFileLoader } from '../config/reload/loader.js';
import { parseEnvironment } from '../config/environment.js';
import { formatProblems } from '../config/apps-file/problem.js';
import { EXIT, type Command } from './command.js';
import { readOptions } from './options.js';

export const checkCommand: Command = {
  name: 'check',
  summary: 'look for problems in apps.yaml and the environment, as the start does',
  help: `wechat-token-hub check [FILE] [--no-secrets] [--json]
    The same validation as at start: the HUB_* variables of this environment, apps.yaml (FILE, else HUB_APPS_FILE,
    else apps.yaml) and the secrets that it names. Nothing is started and nobody is asked. An AppSecret that cannot be
    had is a problem here, although the hub would start without it. Warnings tell what is right and most likely not
    meant: one secretFile for two apps, an expired key, an app that nobody is granted, admin without keys and the like.

  --no-secrets    look for no secret: for pipelines that have none
  --json          {"ok": …, "apps": n, "clients": n, "problems": [{"path", "line", "message"}], "warnings": […]}

Exit code 0: good, maybe with warnings. 78: problems, one per line.`,

  async run(context) {
    const { values, positionals } = readOptions(
      context.args,
      { json: { type: 'boolean' }, 'no-secrets': { type: 'boolean' } },
      { atMost: 1, named: 'check [FILE]' },
    );
    const environment = parseEnvironment(context.env);
    const file = positionals[0] ?? context.env.HUB_APPS_FILE ?? 'apps.yaml';
    const { result } = await new AppsFileLoader(file, {
      env: () => context.env,
      secrets: values['no-secrets'] !== true,
      adviceAt: Date.now(),
    }).read('start');
    const ofEnvironment = environment.ok ? [] : environment.problems;
    const ofFile = result.ok ? result.warnings : result.problems;
    const warnings = result.ok ? result.advice : [];
    const ok = ofEnvironment.length + ofFile.length === 0;
    const apps = result.ok ? result.apps.length : undefined;
    const clients = result.ok ? result.clients.length : undefined;
    if (values.json === true) {
      const problems = [...ofEnvironment.map((message) => ({ path: '', line: 0, message })), ...ofFile];
      context.out(JSON.stringify({ ok, file, apps, clients, problems, warnings }));
      return ok ? EXIT.ok : EXIT.config;
    }
    for (const line of formatProblems(warnings, file)) context.err(`warning: ${line}`);
    if (ok) {
      context.out(`${file}: good, ${String(apps)} app(s), ${String(clients)} client(s)`);
    } else {
      for (const line of [...ofEnvironment, ...formatProblems(ofFile, file)]) context.err(line);
    }
    return ok ? EXIT.ok : EXIT.config;
  },
};
