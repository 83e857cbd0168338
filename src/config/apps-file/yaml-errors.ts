import type { ErrorCode, LineCounter } from 'yaml';
import type { ConfigProblem } from './problem.js';

const UNREADABLE =
  'is not valid YAML here: look at the indentation, brackets and quotes of this line and the one before';
const TEXT_TAG = 'a tag (!…) is not used in this file: remove it, or quote a text that begins with !';

/** Our own words: those of the package quote the source. */
const MESSAGES: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias (*…) must stand alone: remove the tag or anchor beside it',
  BAD_ALIAS: 'an alias or anchor (*… or &…) has no proper name: quote a text that begins with * or &',
  BAD_COLLECTION_TYPE: TEXT_TAG,
  BAD_DIRECTIVE: 'a line that begins with % is a directive of YAML: remove it, or quote the text',
  BAD_DQ_ESCAPE:
    'a backslash in "…" begins an escape that YAML does not have: write it as \\\\, or use \'…\'',
  BAD_INDENT:
    'the indentation does not fit the lines before, or a bracket is not closed: align the line with its neighbours',
  BAD_PROP_ORDER: 'a tag or anchor stands in the wrong place: remove it',
  BAD_SCALAR_START: 'a text begins with a character that YAML reserves (@ or `): quote it',
  BLOCK_AS_IMPLICIT_KEY:
    'a mapping begins in the middle of a line: quote a text that holds a colon and a space',
  BLOCK_IN_FLOW: 'an indented list or mapping stands inside of [ ] or { }: use one style',
  DUPLICATE_KEY: 'this key stands twice in the same mapping: remove one of the two',
  IMPOSSIBLE: UNREADABLE,
  KEY_OVER_1024_CHARS: 'a key is longer than 1024 characters: look for a missing quote',
  MISSING_CHAR:
    'something is missing: a closing quote or bracket, a comma, or the colon and space after a key',
  MULTILINE_IMPLICIT_KEY: 'a key goes over several lines: look for a missing colon or quote',
  MULTIPLE_ANCHORS: 'two anchors (&…) on one value: remove one',
  MULTIPLE_DOCS: 'a second document begins here (---): the file must be one document',
  MULTIPLE_TAGS: TEXT_TAG,
  NON_STRING_KEY: 'a key must be a text',
  RESOURCE_EXHAUSTION: 'is nested too deeply to be read',
  TAB_AS_INDENT: 'a tab is used as indentation: use spaces',
  TAG_RESOLVE_FAILED: TEXT_TAG,
  UNEXPECTED_TOKEN: UNREADABLE,
};

export const NESTED_TOO_DEEPLY = 'is nested too deeply to be read';

/** One thing that keeps the text from being read. */
export interface SyntaxFinding {
  readonly offset: number;
  /** The package's own; or, in its place, our words. */
  readonly code?: ErrorCode;
  readonly message?: string;
}

/** A key of letters and the colon of a Chinese keyboard: what follows is no value to YAML. */
const FULL_WIDTH_COLON = /^[ \t]*(?:- *)?[A-Za-z][A-Za-z0-9]*：/;

/** One problem per line: the errors that follow the first on a line are mostly its echo. */
export function describeErrors(
  findings: readonly SyntaxFinding[],
  text: string,
  lines: LineCounter,
): ConfigProblem[] {
  const byLine = new Map<number, string>();
  for (const { offset, code, message } of findings.toSorted((a, b) => a.offset - b.offset)) {
    const line = lineAt(lines, offset);
    // The error shows where the text goes on as something else, often a line later.
    const colon = [line - 1, line].find((at) => FULL_WIDTH_COLON.test(textOf(at, text, lines)));
    if (colon !== undefined)
      byLine.set(colon, 'a full-width colon (：) is no colon to YAML: write a colon and a space (: )');
    else if (!byLine.has(line)) byLine.set(line, message ?? MESSAGES[code ?? 'IMPOSSIBLE']);
  }
  const tabs = findings.some(({ code }) => code === 'TAB_AS_INDENT') ? linesWithTabs(text, lines) : [];
  if (tabs.length > 0) return [tabProblem(tabs)];
  return [...byLine].map(([line, message]) => ({ path: '', line, message }));
}

/** From 1. */
export function lineAt(lines: LineCounter, offset: number): number {
  return Math.max(1, lines.linePos(offset).line);
}

function textOf(line: number, text: string, { lineStarts }: LineCounter): string {
  const start = lineStarts[line - 1] ?? text.length;
  return text.slice(start, Math.min(start + 200, lineStarts[line] ?? text.length));
}

const SHOWN_TABS = 5;

function linesWithTabs(text: string, lines: LineCounter): number[] {
  const found: number[] = [];
  for (const { index } of text.matchAll(/^ *\t[ \t]*[^ \t\r\n#]/gm)) {
    if (found.push(lineAt(lines, index)) > SHOWN_TABS) break;
  }
  return found;
}

/** A tab makes errors of the lines after it as well: they say nothing until it is gone. */
function tabProblem([line = 1, ...others]: readonly number[]): ConfigProblem {
  const shown = others.slice(0, SHOWN_TABS - 1).join(', ');
  const more = others.length > SHOWN_TABS - 1 ? ', …' : '';
  const also = others.length === 0 ? '' : ` (also in line${others.length > 1 ? 's' : ''} ${shown}${more})`;
  return { path: '', line, message: `${MESSAGES.TAB_AS_INDENT}${also}` };
}
