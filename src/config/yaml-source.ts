import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type YAMLError,
} from 'yaml';
import { formatPath, type ConfigProblem, type Path } from './problem.js';
import { toPlainValue } from './yaml-plain.js';
import { describeYamlError } from './yaml-errors.js';

/** A YAML text as plain values, with the way back to the line of each. */
export interface YamlSource {
  readonly value: unknown;
  /** The line (from 1) of what stands at `path`, or of the nearest thing around it where nothing does. */
  lineOf(path: Path): number;
}

export type YamlOutcome =
  | { readonly ok: true; readonly source: YamlSource; readonly problems: readonly ConfigProblem[] }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/**
 * Reads one YAML 1.2 document (core schema).
 *
 * - A key that stands twice is a problem that leaves the rest readable; every other error of YAML ends the reading,
 *   since what follows it would be guesswork.
 * - The texts of the `yaml` package are never passed on: they quote the source, which holds secrets.
 * - Aliases are allowed as far as {@link toPlainValue} bounds them; merge keys (`<<`) are not: `defaults` is there.
 */
export function readYaml(text: string): YamlOutcome {
  const lines = new LineCounter();
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  let document: Document.Parsed;
  try {
    document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      stringKeys: true,
      resolveKnownTags: false,
      // Not `silent`: that would also hide a second document. Nothing is ever printed by parseDocument.
      logLevel: 'error',
    });
  } catch {
    // The parser is recursive: its only way to throw is a stack that is used up.
    return { ok: false, problems: [{ path: '', line: 1, message: 'is nested too deeply to be read' }] };
  }
  const errors = [...document.errors, ...document.warnings];
  const problems = describeErrors(errors, document, lineAt);
  if (errors.some((error) => error.code !== 'DUPLICATE_KEY')) return { ok: false, problems };

  const plain = toPlainValue(document.contents);
  if (!plain.ok) {
    return { ok: false, problems: [{ path: '', line: lineAt(plain.offset), message: plain.message }] };
  }
  const source = {
    value: plain.value,
    lineOf: (path: Path) => lineAt(offsetOf(document.contents, path, plain.target)),
  };
  return { ok: true, source, problems };
}

/** One problem per line: the errors that follow the first on a line are mostly its echo. */
function describeErrors(
  errors: readonly YAMLError[],
  document: Document.Parsed,
  lineAt: (offset: number) => number,
): ConfigProblem[] {
  const byLine = new Map<number, ConfigProblem>();
  for (const error of errors.toSorted((a, b) => a.pos[0] - b.pos[0])) {
    const offset = error.pos[0];
    const line = lineAt(offset);
    const path = error.code === 'DUPLICATE_KEY' ? formatPath(pathTo(document.contents, offset)) : '';
    if (!byLine.has(line)) byLine.set(line, { path, line, message: describeYamlError(error.code) });
  }
  return [...byLine.values()];
}

/** Walks down along `path`, through aliases, as far as it leads. A mapping's entry begins at its key. */
function offsetOf(root: unknown, path: Path, target: (alias: object) => unknown): number {
  let node = root;
  let offset = startOf(root) ?? 0;
  for (const part of path) {
    const container = isAlias(node) ? target(node) : node;
    let next: unknown;
    if (isMap(container) && typeof part === 'string') {
      const pair = container.items.find(({ key }) => isScalar(key) && key.value === part);
      offset = startOf(pair?.key) ?? offset;
      next = pair?.value;
    } else if (isSeq(container) && typeof part === 'number') {
      next = container.items[part];
      offset = startOf(next) ?? offset;
    }
    if (next === undefined || next === null) break;
    node = next;
  }
  return offset;
}

/** The path of the innermost key that begins at `offset` or holds it. */
function pathTo(root: unknown, offset: number): Path {
  const path: (string | number)[] = [];
  let node = root;
  for (;;) {
    let next: unknown;
    if (isMap(node)) {
      const pair = node.items.find(({ key, value }) => holds(key, offset) || holds(value, offset));
      if (pair === undefined || !isScalar(pair.key)) return path;
      path.push(String(pair.key.value));
      if (holds(pair.key, offset)) return path;
      next = pair.value;
    } else if (isSeq(node)) {
      const index = node.items.findIndex((item) => holds(item, offset));
      if (index < 0) return path;
      path.push(index);
      next = node.items[index];
    } else {
      return path;
    }
    node = next;
  }
}

function holds(node: unknown, offset: number): boolean {
  const range = rangeOf(node);
  return range !== undefined && range[0] <= offset && offset < Math.max(range[1], range[0] + 1);
}

function startOf(node: unknown): number | undefined {
  return rangeOf(node)?.[0];
}

function rangeOf(node: unknown): readonly [number, number, number] | undefined {
  if (isScalar(node) || isMap(node) || isSeq(node) || isAlias(node)) return node.range ?? undefined;
  return isPair(node) ? rangeOf(node.key) : undefined;
}
