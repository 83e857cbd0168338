/** What a command says and how it ends. */
export interface CommandContext {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A line on stdout: the result. */
  out(line: string): void;
  /** A line on stderr: progress and problems. */
  err(line: string): void;
  /** Whether stdout is a terminal: then there are colours. */
  readonly coloured: boolean;
  /** All of stdin. */
  readInput(): Promise<string>;
}

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  readonly help: string;
  /** @returns the exit code */
  run(context: CommandContext): Promise<number>;
}

/** sysexits.h: wrong command line, service unavailable, wrong configuration. */
export const EXIT = { ok: 0, failed: 1, usage: 64, unavailable: 69, config: 78 } as const;

/** The command line is wrong; the message says how. */
export class UsageProblem extends Error {
  override readonly name = 'UsageProblem';
}

export function painter(
  coloured: boolean,
): (colour: 'red' | 'green' | 'yellow' | 'dim', text: string) => string {
  const codes = { red: 31, green: 32, yellow: 33, dim: 2 };
  return (colour, text) => (coloured ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text);
}
