/** The little of Dockerfiles that ours uses: stages, continued lines, `${ARG}` in FROM, exec forms. */

export interface Instruction {
  readonly name: string;
  /** What follows the name, continued lines joined. */
  readonly rest: string;
}

export interface Copy {
  /** The stage that it copies from; `undefined`: the build context. */
  readonly from: string | undefined;
  readonly sources: readonly string[];
  /** Ends in `/` where it is a folder. */
  readonly target: string;
}

export interface Stage {
  readonly name: string;
  readonly image: string;
  readonly instructions: readonly Instruction[];
}

/** @throws {Error} for a line that cannot be one of an instruction. */
export function parseDockerfile(text: string): Stage[] {
  const defaults = new Map<string, string>();
  const stages: { name: string; image: string; instructions: Instruction[] }[] = [];
  for (const { name, rest } of instructionsOf(text)) {
    if (name === 'FROM') {
      const [image = '', , alias = String(stages.length)] = rest.split(/\s+/);
      stages.push({ name: alias, image: expand(image, defaults), instructions: [] });
    } else if (stages.length === 0) {
      if (name !== 'ARG') throw new Error(`${name} stands before the first FROM`);
      const [key = '', value = ''] = rest.split('=');
      defaults.set(key, value);
    } else {
      stages.at(-1)?.instructions.push({ name, rest });
    }
  }
  return stages;
}

export function copiesOf(stage: Stage): Copy[] {
  return stage.instructions
    .filter(({ name }) => name === 'COPY')
    .map(({ rest }) => {
      const words = rest.split(/\s+/);
      const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
      const paths = words.filter((word) => !word.startsWith('--'));
      return { from, sources: paths.slice(0, -1), target: paths.at(-1) ?? '' };
    });
}

/** The words of an exec form. @throws {Error} for a shell form: there is no shell. */
export function execForm(text: string): string[] {
  if (!text.startsWith('[')) throw new Error(`needs a shell: ${text}`);
  return JSON.parse(text) as string[];
}

/** Of the last such instruction. @throws {Error} where there is none. */
export function lastOf(stage: Stage, name: string): string {
  const found = stage.instructions.filter((instruction) => instruction.name === name).at(-1);
  if (found === undefined) throw new Error(`no ${name}`);
  return found.rest;
}

/** `KEY=value KEY="v a l"` of all ENV or LABEL instructions. */
export function pairsOf(stage: Stage, name: string): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (const instruction of stage.instructions.filter((each) => each.name === name)) {
    for (const match of instruction.rest.matchAll(/([A-Za-z0-9_.]+)=("[^"]*"|\S+)/g)) {
      pairs[match[1] ?? ''] = (match[2] ?? '').replace(/^"|"$/g, '');
    }
  }
  return pairs;
}

/** Which paths .dockerignore leaves out of the build context. Only the patterns that ours has: no `!`, `?`, `[`. */
export function ignores(text: string): (path: string) => boolean {
  const patterns = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      if (/[!?[\]]/.test(line)) throw new Error(`not understood: ${line}`);
      const source = line
        .replace(/[.+^$()|{}]/g, '\\$&')
        .replaceAll('**/', '\u0000')
        .replaceAll('*', '[^/]*')
        .replaceAll('\u0000', '(?:.*/)?');
      return new RegExp(`^${source}(?:/|$)`);
    });
  return (path) => patterns.some((pattern) => pattern.test(path));
}

function* instructionsOf(text: string): Generator<Instruction> {
  const joined = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n')
    .replace(/\\\n\s*/g, '');
  for (const line of joined.split('\n')) {
    if (line.trim() === '') continue;
    const match = /^([A-Z]+)\s+(.+)$/.exec(line);
    if (match === null) throw new Error(`not an instruction: ${line}`);
    yield { name: match[1] ?? '', rest: (match[2] ?? '').trim() };
  }
}

function expand(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/\$\{(\w+)\}/g, (_whole, key: string) => {
    const value = values.get(key);
    if (value === undefined) throw new Error(`no ARG ${key} before the first FROM`);
    return value;
  });
}
