import { sourceOf, tenantFile } from '../config/folder/source.js';
import type { AppsFileResult } from '../config/reload/reading.js';
import type { LoaderOptions } from '../config/reload/parser.js';
import { parseEnvironment } from '../config/environment/parse.js';
import { formatProblems, problemsOfTenant } from '../config/apps-file/problem.js';
import { unshownCertificate } from './issuer-findings.js';
import { EXIT, type Command } from './command.js';
import { readOptions } from './options.js';

export const checkCommand: Command = {
  name: 'check',
  summary: 'look for problems in apps.yaml and the environment, as the start does',
  help: `wechat-token-hub check [FILE] [--no-secrets] [--json]
    The same validation as at start: the HUB_* variables of this environment, apps.yaml (FILE, else HUB_APPS_FILE,
    else apps.yaml; of a folder of tenants all files, or the one that FILE names beside its hub.yaml) and the secrets that it names. Nothing is started and nobody is asked. An AppSecret that cannot be
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
    const secretsDir = environment.ok ? environment.environment.secretsDir : '';
    const { place, only, result } = await readChecked(file, secretsDir, {
      env: () => context.env,
      secrets: values['no-secrets'] !== true,
      adviceAt: Date.now(),
    });
    const ofEnvironment = environment.ok ? [] : environment.problems;
    const ofFile = result.ok ? [...(result.problems ?? []), ...result.warnings] : result.problems;
    const isChecked = ({ tenant }: { readonly tenant?: string | undefined }): boolean =>
      only === undefined || tenant === only;
    const unshown =
      environment.ok && result.ok
        ? unshownCertificate(environment.environment, result.clients.filter(isChecked))
        : undefined;
    const ofCertificates =
      unshown === undefined
        ? []
        : [{ path: 'clients', line: 1, message: `${unshown.detail}: ${unshown.fix}` }];
    const warnings = result.ok ? [...result.advice, ...ofCertificates] : [];
    const ok = ofEnvironment.length + ofFile.length === 0;
    const apps = result.ok ? result.apps.filter(isChecked).length : undefined;
    const clients = result.ok ? result.clients.filter(isChecked).length : undefined;
    if (values.json === true) {
      const problems = [...ofEnvironment.map((message) => ({ path: '', line: 0, message })), ...ofFile];
      context.out(JSON.stringify({ ok, file, apps, clients, problems, warnings }));
      return ok ? EXIT.ok : EXIT.config;
    }
    for (const line of formatProblems(warnings, place)) context.err(`warning: ${line}`);
    if (ok) {
      context.out(`${file}: good, ${String(apps)} app(s), ${String(clients)} client(s)`);
    } else {
      for (const line of [...ofEnvironment, ...formatProblems(ofFile, place)]) context.err(line);
    }
    return ok ? EXIT.ok : EXIT.config;
  },
};

interface Checked {
  /** The file, or the folder that the problems' files are in. */
  readonly place: string;
  /** The tenant whose file alone was asked for. */
  readonly only: string | undefined;
  readonly result: AppsFileResult;
}

/** A file, a folder, or a tenant's file in the folder that it is read in. */
async function readChecked(
  path: string,
  secretsDir: string,
  options: Partial<LoaderOptions> & Pick<LoaderOptions, 'env'>,
): Promise<Checked> {
  const named = tenantFile(path);
  if (named === undefined)
    return { place: path, only: undefined, ...(await sourceOf(path, secretsDir, options).read('start')) };
  const { folder: place, tenant: only } = named;
  const { result } = await sourceOf(place, secretsDir, options).read('start');
  // The operators' file has problems: whatever the tenant's says, nothing would be served.
  if (!result.ok) return { place, only, result };
  const [problems, warnings, advice] = [result.problems ?? [], result.warnings, result.advice].map((found) =>
    problemsOfTenant(found, only),
  );
  return {
    place,
    only,
    result: { ...result, problems, warnings: warnings ?? [], advice: advice ?? [] },
  };
}
