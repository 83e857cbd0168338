import type { Command, Node, Operand, ParsedTemplate, Pipe } from './parse.js';

/**
 * What templates compute with. Numbers of values.yaml are float64 in Helm and `number` here; literals and `int` give
 * Go's int, here `bigint`: comparing one with the other is an error there and here.
 */
export type Value = string | number | bigint | boolean | null | undefined | Value[] | ValueMap | Callable;
export interface ValueMap {
  readonly [key: string]: Value;
}
/** A method of an object, such as `.Files.Get`. */
export type Callable = (...args: Value[]) => Value;

export type Functions = Readonly<Record<string, Callable>>;

/** Go's truth: everything but false, 0, nil and what is empty. */
export function isTrue(value: Value): boolean {
  if (value === null || value === undefined || value === false || value === '') return false;
  if (value === 0 || value === 0n) return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value === 'object' ? Object.keys(value).length > 0 : true;
}

/** As `{{ }}` prints it; Helm takes `<no value>` out. */
export function print(value: Value): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'object' || typeof value === 'function') {
    throw new Error('a map or list is printed: use toYaml');
  }
  return String(value);
}

interface Variable {
  value: Value;
}

/** Names are found from the innermost block outwards. */
class Scope {
  readonly #variables = new Map<string, Variable>();
  constructor(private readonly outer?: Scope) {}

  declare(name: string, value: Value): void {
    this.#variables.set(name, { value });
  }

  find(name: string): Variable {
    const found = this.#variables.get(name) ?? this.outer?.find(name);
    if (found === undefined) throw new Error(`undefined variable $${name}`);
    return found;
  }
}

export class Evaluator {
  constructor(
    private readonly defines: ParsedTemplate['defines'],
    private readonly functions: Functions,
  ) {}

  render(body: readonly Node[], dot: Value): string {
    const scope = new Scope();
    scope.declare('', dot);
    return this.#nodes(body, dot, scope);
  }

  /** Of `include`. */
  call(name: string, dot: Value): string {
    const body = this.defines.get(name);
    if (body === undefined) throw new Error(`no template "${name}"`);
    return this.render(body, dot);
  }

  #nodes(nodes: readonly Node[], dot: Value, scope: Scope): string {
    return nodes.map((node) => this.#node(node, dot, scope)).join('');
  }

  #node(node: Node, dot: Value, scope: Scope): string {
    switch (node.kind) {
      case 'text':
        return node.text;
      case 'print':
        return print(this.#pipe(node.pipe, dot, scope));
      case 'set': {
        const value = this.#pipe(node.pipe, dot, scope);
        if (node.declares) scope.declare(node.name, value);
        else scope.find(node.name).value = value;
        return '';
      }
      case 'if':
      case 'with': {
        const value = this.#pipe(node.pipe, dot, scope);
        const branch = isTrue(value) ? node.then : node.otherwise;
        const inner = node.kind === 'with' && isTrue(value) ? value : dot;
        return this.#nodes(branch, inner, new Scope(scope));
      }
      case 'range':
        return this.#range(node, dot, scope);
    }
  }

  #range(node: Extract<Node, { kind: 'range' }>, dot: Value, scope: Scope): string {
    const over = this.#pipe(node.pipe, dot, scope);
    if (!isTrue(over)) return this.#nodes(node.otherwise, dot, new Scope(scope));
    if (typeof over !== 'object' || over === null) throw new Error('range over what is neither map nor list');
    // Go walks through maps in the order of their keys.
    const entries: [Value, Value][] = Array.isArray(over)
      ? over.map((value, index) => [BigInt(index), value])
      : Object.keys(over)
          .sort()
          .map((key) => [key, over[key]]);
    return entries
      .map(([key, value]) => {
        const inner = new Scope(scope);
        const [first, second] = node.variables;
        if (second !== undefined) {
          inner.declare(first ?? '', key);
          inner.declare(second, value);
        } else if (first !== undefined) inner.declare(first, value);
        return this.#nodes(node.then, value, inner);
      })
      .join('');
  }

  #pipe(pipe: Pipe, dot: Value, scope: Scope): Value {
    let result: Value;
    for (const [index, command] of pipe.entries()) {
      result = this.#command(command, dot, scope, index === 0 ? [] : [result]);
    }
    return result;
  }

  #command([head, ...rest]: Command, dot: Value, scope: Scope, piped: readonly Value[]): Value {
    if (head === undefined) throw new Error('an empty command');
    if (head.kind === 'function' && (head.name === 'and' || head.name === 'or')) {
      return this.#shortCircuit(head.name, rest, dot, scope, piped);
    }
    const values = (): Value[] => [...rest.map((operand) => this.#operand(operand, dot, scope)), ...piped];
    if (head.kind === 'function') {
      const called = this.functions[head.name];
      if (called === undefined) throw new Error(`function "${head.name}" is not supported`);
      return called(...values());
    }
    const value = this.#operand(head, dot, scope);
    if (typeof value === 'function') return value(...values());
    if (rest.length > 0 || piped.length > 0) throw new Error('a value that is not a function got arguments');
    return value;
  }

  /** `and` gives the first that is empty, `or` the first that is not; else the last. The others are not computed. */
  #shortCircuit(
    name: 'and' | 'or',
    rest: readonly Operand[],
    dot: Value,
    scope: Scope,
    piped: readonly Value[],
  ): Value {
    let value: Value;
    for (const operand of rest) {
      value = this.#operand(operand, dot, scope);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return piped.length > 0 ? piped[0] : value;
  }

  #operand(operand: Operand, dot: Value, scope: Scope): Value {
    if (operand.kind === 'literal') return operand.value;
    if (operand.kind === 'function') return this.#command([operand], dot, scope, []);
    const { of } = operand;
    let value: Value;
    if (of === '.') value = dot;
    else if ('variable' in of) value = scope.find(of.variable).value;
    else value = this.#pipe(of, dot, scope);
    for (const field of operand.fields) {
      if (value === null || value === undefined)
        throw new Error(`nil pointer evaluating interface {}.${field}`);
      if (typeof value !== 'object' || Array.isArray(value))
        throw new Error(`no field ${field} in what is no map`);
      value = Object.hasOwn(value, field) ? value[field] : undefined;
    }
    return value;
  }
}
