import { validateSync } from 'class-validator';
import { readVariables } from './decorators.js';
import { disagreements } from './disagreements.js';
import { HubEnvironment } from './environment.js';
import { misplacedNames } from './names.js';

export type EnvironmentResult =
  | { readonly ok: true; readonly environment: HubEnvironment }
  /** One line each, as in `HUB_PORT: must be …`; no values of variables in them. */
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * Reads the `HUB_*` variables of `env`; an empty one counts as unset.
 * Unknown ones are refused: a typo would otherwise run the hub with a default that nobody chose.
 */
export function parseEnvironment(env: Readonly<Record<string, string | undefined>>): EnvironmentResult {
  const names = misplacedNames(env);
  const usable = Object.fromEntries(
    Object.entries(env).filter(([name]) => !names.setByKubernetes.includes(name)),
  );
  const environment = new HubEnvironment();
  const variables = readVariables(environment, usable);

  const wrong = new Set<string>();
  const problems = validateSync(environment, { forbidUnknownValues: false, stopAtFirstError: true }).map(
    (error) => {
      wrong.add(error.property);
      return `${variables.get(error.property) ?? error.property}: ${Object.values(error.constraints ?? {}).join('; ')}`;
    },
  );
  problems.push(...disagreements(environment, wrong), ...names.problems);
  return problems.length > 0
    ? { ok: false, problems }
    : { ok: true, environment: Object.freeze(environment) };
}
