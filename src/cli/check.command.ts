import { AppsFileLoader } from '../config/apps-file.loader.js';
import { parseEnvironment } from '../config/environment.js';
import { formatProblems } from '../config/problem.js';
import { EXIT, type Command } from './command.js';
import { readOptions } from './options.js';

export const checkCommand: Command = {
  name: 'check',
  summary: 'look for problems in apps.yaml and the environment, as the start does',
  help: `wechat-token-hub check [FILE] [--json]
    The same validation as at start: the HUB_* variables of this environment, apps.yaml (FILE, else HUB_APPS_FILE,
    else apps.yaml) and the secrets that it names. Nothing is started and nobody is asked.

  --json    {"ok": …, "apps": n, "clients": n, "problems": [{"path", "line", "message"}]}

Exit code 0: good. 78: problems, one per line.`,

  async run(context) {
    const { values, positionals } = readOptions(
      context.args,
      { json: { type: 'boolean' } },
      { atMost: 1, named: 'check [FILE]' },
    );
    const environment = parseEnvironment(context.env);
    const file = positionals[0] ?? context.env.HUB_APPS_FILE ?? 'apps.yaml';
    const { result } = await new AppsFileLoader(file, { env: () => context.env }).read('start');
    const ofEnvironment = environment.ok ? [] : environment.problems;
    const ofFile = result.ok ? [] : result.problems;
    const ok = ofEnvironment.length + ofFile.length === 0;
    const apps = result.ok ? result.apps.length : undefined;
    const clients = result.ok ? result.clients.length : undefined;
    if (values.json === true) {
      const problems = [...ofEnvironment.map((message) => ({ path: '', line: 0, message })), ...ofFile];
      context.out(JSON.stringify({ ok, file, apps, clients, problems }));
    } else if (ok) {
      context.out(`${file}: good, ${String(apps)} app(s), ${String(clients)} client(s)`);
    } else {
      for (const line of [...ofEnvironment, ...formatProblems(ofFile, file)]) context.err(line);
    }
    return ok ? EXIT.ok : EXIT.config;
  },
};
