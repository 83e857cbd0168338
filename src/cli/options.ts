import { parseArgs, type ParseArgsConfig } from 'node:util';
import { UsageProblem } from './command.js';

/** `parseArgs` of Node, with wrong flags as {@link UsageProblem}. `--help` is looked for before. */
export function readOptions<const T extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: T,
  positionals: { readonly atMost: number; readonly named: string },
) {
  try {
    const parsed = parseArgs({ args: [...args], options, allowPositionals: true });
    if (parsed.positionals.length > positionals.atMost) {
      throw new UsageProblem(`too many arguments; expected: ${positionals.named}`);
    }
    return parsed;
  } catch (error) {
    if (error instanceof UsageProblem) throw error;
    throw new UsageProblem(error instanceof Error ? error.message : 'wrong arguments');
  }
}
