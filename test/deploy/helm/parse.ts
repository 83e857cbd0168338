/**
 * Go's text/template, as far as the chart uses it: https://pkg.go.dev/text/template. What is not here is an error,
 * never a guess. helm-render.spec.ts holds it against Go's own package where Go is installed.
 */

export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly pipe: Pipe }
  | { readonly kind: 'set'; readonly name: string; readonly declares: boolean; readonly pipe: Pipe }
  | { readonly kind: 'if' | 'with'; readonly pipe: Pipe; readonly then: Node[]; readonly otherwise: Node[] }
  | {
      readonly kind: 'range';
      readonly variables: readonly string[];
      readonly pipe: Pipe;
      readonly then: Node[];
      readonly otherwise: Node[];
    };

/** Commands from left to right; each result is the last argument of the next. */
export type Pipe = readonly Command[];
/** Its first operand is a function's name, or it is one value. */
export type Command = readonly Operand[];
export type Operand =
  | { readonly kind: 'literal'; readonly value: string | bigint | boolean | null }
  | { readonly kind: 'function'; readonly name: string }
  /** `.a.b`: of the dot; `$x.a`: of a variable; `(…).a`: of what the pipe gives. */
  | {
      readonly kind: 'path';
      readonly of: '.' | Pipe | { readonly variable: string };
      readonly fields: string[];
    };

export interface ParsedTemplate {
  readonly body: Node[];
  readonly defines: ReadonlyMap<string, Node[]>;
}

type Token =
  | { readonly kind: 'word' | 'string' | 'field' | 'variable' | 'mark'; readonly text: string }
  | { readonly kind: 'action'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string };

/** @throws {Error} with the name of the template and the action that is not understood. */
export function parseTemplate(name: string, source: string): ParsedTemplate {
  const pieces = split(source);
  const defines = new Map<string, Node[]>();
  let at = 0;

  const fail = (why: string): never => {
    throw new Error(`${name}: ${why}: {{ ${pieces[Math.min(at, pieces.length) - 1]?.text ?? ''} }}`);
  };

  /** Up to the action that ends this block, which is returned with it. */
  const block = (top: boolean): { nodes: Node[]; end: string } => {
    const nodes: Node[] = [];
    for (;;) {
      const piece = pieces[at++];
      if (piece === undefined) {
        if (!top) throw new Error(`${name}: a block has no end`);
        return { nodes, end: '' };
      }
      if (piece.kind === 'text') {
        if (piece.text !== '') nodes.push({ kind: 'text', text: piece.text });
        continue;
      }
      const [, word = '', rest = ''] = /^(\w*)\s*(.*)$/s.exec(piece.text) ?? [];
      if (word === 'end' || word === 'else') {
        if (top) fail('stands outside of a block');
        return { nodes, end: piece.text };
      }
      if (word === 'define') {
        const [title] = tokens(rest, fail);
        if (!top || title?.kind !== 'string') fail('define must have a name and stand outside of blocks');
        const { nodes: body } = block(false);
        defines.set(title?.text ?? '', body);
      } else if (word === 'if' || word === 'with' || word === 'range') nodes.push(branch(word, rest));
      else if (['template', 'block', 'break', 'continue'].includes(word)) fail('not supported');
      else nodes.push(plain(piece.text));
    }
  };

  const branch = (word: 'if' | 'with' | 'range', head: string): Node => {
    const { variables, pipe } = declaration(head);
    if (word !== 'range' && variables.length > 0) fail('a variable here is not supported');
    const { nodes: then, end } = block(false);
    let otherwise: Node[] = [];
    if (end !== 'end') {
      const [, next = '', rest = ''] = /^else\s*(\w*)\s*(.*)$/s.exec(end) ?? [];
      if (next === '') {
        const last = block(false);
        if (last.end !== 'end') fail('else after else');
        otherwise = last.nodes;
      } else if (next === 'if' && word === 'if') otherwise = [branch('if', rest)];
      else fail('not supported');
    }
    return word === 'range'
      ? { kind: word, variables, pipe, then, otherwise }
      : { kind: word, pipe, then, otherwise };
  };

  const plain = (text: string): Node => {
    const match = /^\$(\w+)\s*(:?=)\s*(.*)$/s.exec(text);
    if (match === null) return { kind: 'print', pipe: pipeOf(text) };
    return { kind: 'set', name: match[1] ?? '', declares: match[2] === ':=', pipe: pipeOf(match[3] ?? '') };
  };

  const declaration = (head: string): { variables: string[]; pipe: Pipe } => {
    const match = /^((?:\$\w+\s*,\s*)?\$\w+)\s*:=\s*(.*)$/s.exec(head);
    if (match === null) return { variables: [], pipe: pipeOf(head) };
    const variables = (match[1] ?? '').split(',').map((variable) => variable.trim().slice(1));
    return { variables, pipe: pipeOf(match[2] ?? '') };
  };

  const pipeOf = (text: string): Pipe => {
    const list = tokens(text, fail);
    let i = 0;
    const pipe = (closing: boolean): Pipe => {
      const commands: Command[] = [];
      let command: Operand[] = [];
      for (;;) {
        const token = list[i++];
        if (token === undefined || token.text === ')' || token.text === '|') {
          if (token?.kind !== 'string' && (token === undefined || token.kind === 'mark')) {
            if (command.length === 0) fail('a command is missing');
            commands.push(command);
            command = [];
            if (token?.text === '|') continue;
            if ((token === undefined) === closing) fail('parentheses do not match');
            return commands;
          }
        }
        command.push(operand(token));
      }
    };
    const fields = (): string[] => {
      const found: string[] = [];
      // `(…).a`: the lexer gives a field its own token, marked as continuing what stands before it.
      while (list[i]?.kind === 'field' && list[i]?.text.startsWith('+')) {
        found.push(...(list[i++]?.text.slice(2).split('.') ?? []));
      }
      return found;
    };
    const operand = (token: Token): Operand => {
      if (token.kind === 'mark') return { kind: 'path', of: pipe(true), fields: fields() };
      if (token.kind === 'string') return { kind: 'literal', value: token.text };
      if (token.kind === 'field') {
        return { kind: 'path', of: '.', fields: token.text === '.' ? [] : token.text.slice(1).split('.') };
      }
      if (token.kind === 'variable') {
        const [variable = '', ...path] = token.text.slice(1).split('.');
        return { kind: 'path', of: { variable }, fields: path };
      }
      if (/^-?\d+$/.test(token.text)) return { kind: 'literal', value: BigInt(token.text) };
      if (token.text === 'true' || token.text === 'false')
        return { kind: 'literal', value: token.text === 'true' };
      if (token.text === 'nil') return { kind: 'literal', value: null };
      return { kind: 'function', name: token.text };
    };
    return pipe(false);
  };

  const { nodes } = block(true);
  return { body: nodes, defines };
}

/** Text and actions, with white space trimmed where `{{-` and `-}}` say so, comments gone. */
function split(source: string): Token[] {
  const pieces: Token[] = [];
  let trimNext = false;
  let at = 0;
  const action = /\{\{(- )?(\s*\/\*[\s\S]*?\*\/\s*|(?:"(?:[^"\\]|\\.)*"|`[^`]*`|[^"`])*?)( -)?\}\}/g;
  const text = (raw: string, trimEnd: boolean): void => {
    let cut = trimNext ? raw.trimStart() : raw;
    if (trimEnd) cut = cut.trimEnd();
    pieces.push({ kind: 'text', text: cut });
  };
  for (const match of source.matchAll(action)) {
    text(source.slice(at, match.index), match[1] !== undefined);
    const inner = (match[2] ?? '').trim();
    if (!inner.startsWith('/*')) pieces.push({ kind: 'action', text: inner });
    trimNext = match[3] !== undefined;
    at = match.index + match[0].length;
  }
  text(source.slice(at), false);
  if (
    /\{\{|\}\}/.test(
      pieces
        .filter(({ kind }) => kind === 'text')
        .map((piece) => piece.text)
        .join(''),
    )
  ) {
    throw new Error('an action has no end, or braces stand in the text');
  }
  return pieces;
}

function tokens(text: string, fail: (why: string) => never): Token[] {
  const found: Token[] = [];
  const token =
    /\s+|("(?:[^"\\]|\\.)*")|(`[^`]*`)|(\$\w*(?:\.\w+)*)|(\.(?:\w+(?:\.\w+)*)?)|([()|])|(-?\w+)/gy;
  for (;;) {
    const from = token.lastIndex;
    if (from >= text.length) return found;
    const match = token.exec(text);
    if (match === null) return fail(`not understood from “${text.slice(from)}”`);
    const [whole, quoted, raw, variable, field, mark, word] = match;
    if (quoted !== undefined) found.push({ kind: 'string', text: JSON.parse(quoted) as string });
    else if (raw !== undefined) found.push({ kind: 'string', text: raw.slice(1, -1) });
    else if (variable !== undefined) found.push({ kind: 'variable', text: variable });
    else if (field !== undefined) {
      found.push({ kind: 'field', text: text[from - 1] === ')' ? `+${whole}` : field });
    } else if (mark !== undefined) found.push({ kind: 'mark', text: mark });
    else if (word !== undefined) found.push({ kind: 'word', text: word });
  }
}
