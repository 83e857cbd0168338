import {
  Composer,
  CST,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
  type Document,
} from 'yaml';
import type { ConfigProblem, Path } from './problem.js';
import { UNREADABLE } from './rule.js';
import { describeErrors, lineAt, NESTED_TOO_DEEPLY, type SyntaxFinding } from './yaml-errors.js';

/** A YAML text as plain values, with the way back to the line of each. */
export interface YamlSource {
  readonly value: unknown;
  /** The line (from 1) of what stands at `path`, or of the nearest thing around it where nothing does. */
  readonly lineOf: (path: Path) => number;
}

export interface PlacedProblem {
  readonly path: Path;
  readonly line: number;
  readonly message: string;
}

export type YamlOutcome =
  | { readonly ok: true; readonly source: YamlSource; readonly problems: readonly PlacedProblem[] }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/**
 * Reads one YAML 1.2 document (core schema), whatever is in it, in bounded time and memory.
 *
 * - A key that stands twice, and an alias (`*…`), are problems that leave the rest readable; every other error of YAML
 *   ends the reading, since what follows it would be guesswork.
 * - The texts of the `yaml` package are never passed on: they quote the source, which holds secrets.
 * - Lexer, parser and composer of the package are driven token by token, so that it ends at the first token too many:
 *   a megabyte of commas would become a gigabyte of nodes and errors.
 *
 * @param maxUnits the most that the text may come to. A token that becomes a node is a unit of about half a KiB of memory
 *   and 3 to 10 µs of time; one that does not (white space, line ends, comments) is a fifth of it. An app of five lines
 *   is about 22.
 */
export function readYaml(text: string, maxUnits: number): YamlOutcome {
  const lines = new LineCounter();
  const failed = (findings: readonly SyntaxFinding[]): YamlOutcome => ({
    ok: false,
    problems: describeErrors(findings, text, lines),
  });
  const composed = compose(text, maxUnits, lines);
  if (composed.findings.length > 0) return failed(composed.findings);
  const { document } = composed;
  const contents = document?.contents ?? null;
  const problems: PlacedProblem[] = [];
  let value: unknown;
  try {
    value = plainOf(contents, [], (path, offset, message) => {
      if (problems.length < MAX_FINDINGS) problems.push({ path, line: lineAt(lines, offset), message });
    });
  } catch {
    // Recursive: its only way to throw is a stack that is used up.
    return failed([{ offset: 0, message: NESTED_TOO_DEEPLY }]);
  }
  return { ok: true, source: { value, lineOf: (path) => lineAt(lines, offsetOf(contents, path)) }, problems };
}

/** More errors than this say nothing new, and cost a KiB each. */
const MAX_FINDINGS = 100;
/** apps.yaml needs 5. */
const MAX_DEPTH = 64;

/** Ends the reading; what was found until then is told. */
class Enough extends Error {}

function compose(
  text: string,
  maxUnits: number,
  lines: LineCounter,
): { readonly document: Document.Parsed | undefined; readonly findings: readonly SyntaxFinding[] } {
  const findings: SyntaxFinding[] = [];
  const found = (finding: SyntaxFinding): void => {
    findings.push(finding);
    if (findings.length >= MAX_FINDINGS) throw new Enough();
  };
  const fatal = (finding: SyntaxFinding): never => {
    findings.push(finding);
    throw new Enough();
  };
  const composer = new Composer({ stringKeys: true, uniqueKeys: false, resolveKnownTags: false });
  // The package collects errors without a bound; its own collector is replaced.
  (composer as unknown as { onError: OnError }).onError = (source, code) => {
    found({ offset: offsetIn(source), code });
  };
  let document: Document.Parsed | undefined;
  const take = (next: Document.Parsed): void => {
    if (document !== undefined) fatal({ offset: next.range[0], code: 'MULTIPLE_DOCS' });
    document = next;
  };
  const step = (token: CST.Token): void => {
    // The composer has another way for these, around the collector.
    if (token.type === 'error') found({ offset: token.offset, code: 'UNEXPECTED_TOKEN' });
    else for (const next of composer.next(token)) take(next);
  };
  try {
    const bounded = new Bounds(maxUnits, fatal);
    // As `parse` of the package does before the first token.
    lines.addNewLine(0);
    const parser = new Parser(lines.addNewLine);
    for (const lexeme of new Lexer().lex(text)) {
      bounded.count(lexeme);
      for (const token of parser.next(lexeme)) step(token);
    }
    for (const token of parser.end()) step(token);
    for (const next of composer.end(true, text.length)) take(next);
    for (const { pos, code } of document?.errors ?? []) found({ offset: pos[0], code });
  } catch (error) {
    // Else the parser has used up its stack.
    if (!(error instanceof Enough)) findings.push({ offset: 0, message: NESTED_TOO_DEEPLY });
  }
  return { document, findings };
}

type OnError = (source: unknown, code: NonNullable<SyntaxFinding['code']>) => void;

/** As the package gives places: an offset, a range, or a token. */
function offsetIn(source: unknown): number {
  if (typeof source === 'number') return source;
  if (Array.isArray(source)) return Number(source[0]);
  return (source as { readonly offset: number }).offset;
}

/** Counts tokens before anything is made of them. */
class Bounds {
  #units = 0;
  #offset = 0;
  #depth = 0;
  #atScalar = false;

  constructor(
    private readonly maxUnits: number,
    private readonly fatal: (finding: SyntaxFinding) => never,
  ) {}

  count(lexeme: string): void {
    if (lexeme === CST.DOCUMENT || lexeme === CST.FLOW_END) return;
    if (lexeme === CST.SCALAR) {
      // A mark of the lexer, which is not in the text: what follows is the scalar, whatever it looks like.
      this.#atScalar = true;
      return;
    }
    const type = this.#atScalar ? 'scalar' : CST.tokenType(lexeme);
    this.#atScalar = false;
    if (type === 'flow-map-start' || type === 'flow-seq-start') this.#depth += 1;
    else if (type === 'flow-map-end' || type === 'flow-seq-end') this.#depth -= 1;
    if (this.#depth > MAX_DEPTH) this.fatal({ offset: this.#offset, message: NESTED_TOO_DEEPLY });
    this.#units += type === 'space' || type === 'newline' || type === 'comment' ? 0.2 : 1;
    if (this.#units > this.maxUnits) this.fatal({ offset: this.#offset, message: TOO_MUCH });
    this.#offset += lexeme.length;
  }
}

const TOO_MUCH = 'holds more than can be read in the memory that there is: make the file smaller';

type Report = (path: Path, offset: number, message: string) => void;

/**
 * The nodes of a document as plain values. As `toJS()` of the package, but mappings have no prototype (`__proto__` is
 * a key like any other), and what is wrong is reported with its place.
 */
function plainOf(node: unknown, path: Path, report: Report): unknown {
  if (isScalar(node)) return node.value;
  if (isSeq(node)) return node.items.map((item, index) => plainOf(item, [...path, index], report));
  if (isAlias(node)) {
    report(
      path,
      startOf(node) ?? 0,
      'aliases (*…) are not supported: use defaults, or write the value out; quote a text that begins with *',
    );
    return UNREADABLE;
  }
  if (!isMap(node)) return null;
  const mapping = Object.create(null) as Record<string, unknown>;
  for (const { key, value } of node.items) {
    if (!isScalar(key)) {
      report(path, startOf(key) ?? startOf(node) ?? 0, 'a key must be a text');
      continue;
    }
    const name = String(key.value);
    const own = [...path, name];
    if (name in mapping)
      report(own, startOf(key) ?? 0, 'this key stands twice in the same mapping: remove one of the two');
    mapping[name] = plainOf(value, own, report);
  }
  return mapping;
}

/** Walks down along `path` as far as it leads. A mapping's entry begins at its key. */
function offsetOf(root: unknown, path: Path): number {
  let node = root;
  let offset = startOf(root) ?? 0;
  for (const part of path) {
    let next: unknown;
    if (isMap(node) && typeof part === 'string') {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === part);
      offset = startOf(pair?.key) ?? offset;
      next = pair?.value;
    } else if (isSeq(node) && typeof part === 'number') {
      next = node.items[part];
      offset = startOf(next) ?? offset;
    }
    if (next === undefined || next === null) break;
    node = next;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined;
}
