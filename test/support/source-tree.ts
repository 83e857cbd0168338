import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));

export interface Import {
  /** As written: `../core/app.js`, `node:fs`, `undici`. */
  readonly specifier: string;
  /** Of an own file: its path below src. */
  readonly file: string | undefined;
}

export interface SourceFile {
  /** Below src, with `/`: `core/app.ts`. */
  readonly path: string;
  /** The first part of the path; of files right in src: `.`. */
  readonly folder: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  readonly ast: ts.SourceFile;
}

/** Every TypeScript file of src that is no spec and no spec's support, parsed. */
export function readSources(): SourceFile[] {
  return filesBelow('')
    .filter((path) => path.endsWith('.ts') && !/\.spec(-support)?\.ts$/.test(path))
    .map((path) => {
      const text = readFileSync(join(SRC, path), 'utf8');
      return sourceFile(path, text);
    });
}

export function sourceFile(path: string, text: string): SourceFile {
  const ast = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  return {
    path,
    folder: path.includes('/') ? (path.split('/')[0] ?? '.') : '.',
    lines: text.split('\n').length - 1,
    imports: importsOf(path, ast),
    ast,
  };
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(SRC, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

function importsOf(path: string, ast: ts.SourceFile): Import[] {
  const found: Import[] = [];
  walk(ast, (node) => {
    const specifier = specifierOf(node);
    if (specifier === undefined) return;
    const isOwn = specifier.startsWith('.');
    const target = normalize(join(dirname(path), specifier)).replace(/\.js$/, '.ts');
    found.push({ specifier, file: isOwn ? target : undefined });
  });
  return found;
}

/** `import … from`, `export … from`, `import()`, and `import('…')` in types. */
function specifierOf(node: ts.Node): string | undefined {
  let literal: ts.Node | undefined;
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) literal = node.moduleSpecifier;
  else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    literal = node.arguments[0];
  else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) literal = node.argument.literal;
  return literal !== undefined && ts.isStringLiteralLike(literal) ? literal.text : undefined;
}

export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => {
    walk(child, visit);
  });
}

/** Names that a file uses as values or types; property names (`x.name`, `{ name: … }`) are none. */
export function freeNames({ ast }: SourceFile): Set<string> {
  const names = new Set<string>();
  walk(ast, (node) => {
    if (!ts.isIdentifier(node)) return;
    const { parent } = node;
    if (ts.isPropertyAccessExpression(parent) && parent.name === node) return;
    if (ts.isQualifiedName(parent) && parent.right === node) return;
    if ((ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent)) && parent.name === node) return;
    names.add(node.text);
  });
  return names;
}

/** Property accesses as written, as in `process.env`, `Math.random`. */
export function accesses({ ast }: SourceFile): Set<string> {
  const found = new Set<string>();
  walk(ast, (node) => {
    if (!ts.isPropertyAccessExpression(node)) return;
    const object = ts.isIdentifier(node.expression) ? node.expression.text : '';
    found.add(`${object}.${node.name.text}`);
    found.add(`.${node.name.text}`);
  });
  return found;
}

/** Decorators of each method that has any, as in `{ where: 'http/x.ts X.read', names: ['Get', 'May'] }`. */
export function decoratedMethods(source: SourceFile): { where: string; names: string[] }[] {
  const found: { where: string; names: string[] }[] = [];
  walk(source.ast, (node) => {
    if (!ts.isMethodDeclaration(node)) return;
    const names = (ts.getDecorators(node) ?? []).map(({ expression }) =>
      (ts.isCallExpression(expression) ? expression.expression : expression).getText(),
    );
    const owner = ts.isClassDeclaration(node.parent) ? (node.parent.name?.text ?? '') : '';
    if (names.length > 0) found.push({ where: `${source.path} ${owner}.${node.name.getText()}`, names });
  });
  return found;
}

const ROUTE_METHODS = new Set(['get', 'post', 'put', 'patch', 'delete', 'all', 'head', 'options', 'route']);

/** Whether the file puts routes on a server itself, as in `server.get('/x', …)` or `scope.route({ url … })`. */
export function registersRoutes({ ast }: SourceFile): boolean {
  let found = false;
  walk(ast, (node) => {
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return;
    if (!ROUTE_METHODS.has(node.expression.name.text)) return;
    const [first] = node.arguments;
    if (first === undefined) return;
    found ||= ts.isStringLiteralLike(first) && /^[/*]/.test(first.text);
    found ||=
      ts.isObjectLiteralExpression(first) &&
      first.properties.some((property) => property.name?.getText() === 'url');
  });
  return found;
}

/** Circles of imports, also of types alone, each as a path back to its first file. */
export function circles(sources: readonly SourceFile[]): string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      found.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      return;
    }
    if (done.has(path)) return;
    for (const { file } of byPath.get(path)?.imports ?? []) {
      if (file !== undefined) visit(file, [...trail, path]);
    }
    done.add(path);
  };
  for (const { path } of sources) visit(path, []);
  return found;
}
