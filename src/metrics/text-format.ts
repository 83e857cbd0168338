import { flat } from '../core/flat-text.js';
import { DurationHistogram } from './histogram.js';

/** The text format 0.0.4, as far as the hub's own metrics need it. Labels travel as ready-made text: `a="b",c="d"`. */
export type MetricType = 'counter' | 'gauge' | 'histogram';

/** The two lines that begin a family. */
export function head(name: string, type: MetricType, help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

/** A family of one sample without labels. */
export function single(name: string, help: string, value: number, type: MetricType = 'gauge'): string {
  return `${head(name, type, help)}${name} ${numberText(value)}\n`;
}

export function sample(name: string, labels: string, value: number): string {
  return `${name}{${labels}} ${numberText(value)}\n`;
}

/** Values may hold whatever apps.yaml holds. */
export function labelsOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`)
    .join(',');
}

function numberText(value: number): string {
  return value === Infinity ? '+Inf' : String(value);
}

/** All combinations, for {@link Counter}. */
export function everyLabel(values: Readonly<Record<string, readonly string[]>>): string[] {
  return Object.entries(values).reduce<string[]>(
    (made, [name, words]) =>
      made.length === 0
        ? words.map((word) => `${name}="${word}"`)
        : made.flatMap((before) => words.map((word) => `${before},${name}="${word}"`)),
    [],
  );
}

/**
 * One counter, with a value for each set of labels that was seen.
 *
 * @param from labels that are there from the beginning, with 0. Whatever comes into being with its first event shows
 * in no `rate` and no `increase`: where the words are known beforehand, name them.
 */
export class Counter {
  readonly #counts: Map<string, number>;

  constructor(
    private readonly name: string,
    private readonly help: string,
    from: readonly string[] = [],
  ) {
    this.#counts = new Map(from.map((labels) => [labels, 0]));
  }

  add(labels: string, by = 1): void {
    const count = this.#counts.get(labels);
    if (count === undefined) this.#counts.set(flat(labels), by);
    else this.#counts.set(labels, count + by);
  }

  *lines(): Generator<string> {
    yield head(this.name, 'counter', this.help);
    for (const [labels, count] of this.#counts) yield sample(this.name, labels, count);
  }
}

/** One histogram of durations, for each set of labels that was seen. */
export class Durations {
  readonly #histograms = new Map<string, DurationHistogram>();

  constructor(
    private readonly name: string,
    private readonly help: string,
    private readonly bounds?: readonly number[],
  ) {}

  observe(labels: string, seconds: number): void {
    let histogram = this.#histograms.get(labels);
    if (histogram === undefined)
      this.#histograms.set(labels, (histogram = new DurationHistogram(this.bounds)));
    histogram.observe(seconds);
  }

  *lines(): Generator<string> {
    yield head(this.name, 'histogram', this.help);
    for (const [labels, histogram] of this.#histograms) yield* histogram.lines(this.name, labels);
  }
}
