import { DockerfileParser, type Copy, type JSONInstruction, type PropertyInstruction } from 'dockerfile-ast';
import type { Arg, From, Instruction } from 'dockerfile-ast';

/** A Dockerfile by its stages, with the values that its ARGs have by default. */

export interface Stage {
  readonly name: string;
  readonly image: string;
  readonly instructions: readonly Instruction[];
}

export interface Copied {
  /** The stage that it copies from; `undefined`: the build context. */
  readonly from: string | undefined;
  readonly sources: readonly string[];
  /** Ends in `/` where it is a folder. */
  readonly target: string;
}

export interface Stages {
  readonly stages: readonly Stage[];
  /** The ARGs before the first FROM. */
  readonly defaults: Readonly<Record<string, string>>;
}

export function parseDockerfile(text: string): Stages {
  const file = DockerfileParser.parse(text);
  const stages: { name: string; image: string; instructions: Instruction[] }[] = [];
  for (const instruction of file.getInstructions()) {
    if (instruction.getKeyword() === 'FROM') {
      const [image] = instruction.getExpandedArguments();
      const name = (instruction as From).getBuildStage() ?? String(stages.length);
      stages.push({ name, image: image!.getValue(), instructions: [] });
    } else stages.at(-1)?.instructions.push(instruction);
  }
  return { stages, defaults: pairs(file.getInitialARGs()) };
}

export const namesOf = ({ instructions }: Stage): string[] =>
  instructions.map((instruction) => instruction.getKeyword());

export function copiesOf(stage: Stage): Copied[] {
  return all<Copy>(stage, 'COPY').map((copy) => {
    const paths = copy.getArguments().map((path) => path.getValue());
    return {
      from: copy.getFromFlag()?.getValue() ?? undefined,
      sources: paths.slice(0, -1),
      target: paths.at(-1) ?? '',
    };
  });
}

/** What RUN runs, continued lines joined. */
export const runsOf = (stage: Stage): string[] =>
  all(stage, 'RUN').map((run) => run.getArgumentsContent() ?? '');

/** The words of the last such instruction in exec form. @throws {Error} for a shell form: there is no shell. */
export function execForm(stage: Stage, name: 'CMD' | 'ENTRYPOINT'): string[] {
  const last = all<JSONInstruction>(stage, name).at(-1);
  const words = last?.getJSONStrings().map((word) => word.getJSONValue()) ?? [];
  if (words.length === 0) throw new Error(`${name} is missing, or needs a shell`);
  return words;
}

/** What the health check runs, in exec form. */
export function healthCheck(stage: Stage): string[] {
  const [, words = ''] = / ?CMD (\[.*\])$/.exec(textOf(stage, 'HEALTHCHECK')) ?? [];
  return JSON.parse(words) as string[];
}

/** Of the last such instruction. @throws {Error} where there is none. */
export function textOf(stage: Stage, name: string): string {
  const text = all(stage, name).at(-1)?.getArgumentsContent();
  if (text == null) throw new Error(`no ${name}`);
  return text;
}

/** `KEY=value KEY="v a l"` of all ARG, ENV or LABEL instructions. */
export const pairsOf = (stage: Stage, name: 'ARG' | 'ENV' | 'LABEL'): Record<string, string> =>
  pairs(all<PropertyInstruction>(stage, name));

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

function all<T extends Instruction>({ instructions }: Stage, name: string): T[] {
  return instructions.filter((instruction) => instruction.getKeyword() === name) as T[];
}

function pairs(instructions: readonly (Arg | PropertyInstruction)[]): Record<string, string> {
  const properties = instructions.flatMap((instruction) => instruction.getProperties());
  return Object.fromEntries(properties.map((each) => [each.getName(), each.getValue() ?? '']));
}
