export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly type: string;
  readonly samples: readonly Sample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/y;
const TYPES = ['counter', 'gauge', 'histogram', 'summary'];

/**
 * The text format 0.0.4, read strictly: each family has HELP and TYPE once, before its samples, which stand together;
 * no series twice; counters end in `_total`; histograms add up.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 *
 * @throws {Error} naming the line.
 */
export function parseMetrics(text: string): Family[] {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, { name: string; type: string; samples: Sample[] }>();
  const helped = new Set<string>();
  const series = new Set<string>();
  let current = '';
  for (const [index, line] of text.slice(0, -1).split('\n').entries()) {
    const fail = (what: string): never => {
      throw new Error(`line ${index + 1}: ${what}: ${line}`);
    };
    if (line === '') continue;
    if (line.startsWith('#')) {
      const [, keyword = '', name = '', rest = ''] =
        /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? fail('a comment');
      if (!NAME.test(name)) fail('no name');
      if (keyword === 'HELP') {
        if (helped.has(name)) fail('HELP twice');
        helped.add(name);
      } else {
        if (families.has(name)) fail('TYPE twice');
        if (!TYPES.includes(rest)) fail('no type');
        families.set(name, { name, type: rest, samples: [] });
      }
      current = name;
      continue;
    }
    const sample = parseSample(line) ?? fail('no sample');
    const family = families.get(current) ?? fail('no TYPE before it');
    const suffix = sample.name.slice(current.length);
    const belongs = sample.name.startsWith(current) && suffixesOf(family.type).includes(suffix);
    if (!belongs || !helped.has(current)) fail(`not of the family ${current}, or that has no HELP`);
    const key = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`;
    if (series.has(key)) fail('the same series twice');
    series.add(key);
    family.samples.push(sample);
  }
  for (const family of families.values()) {
    if (family.type === 'counter' && !family.name.endsWith('_total'))
      throw new Error(`counter ${family.name}`);
    if (family.type === 'histogram') checkHistogram(family);
  }
  return [...families.values()];
}

function suffixesOf(type: string): string[] {
  if (type === 'histogram') return ['_bucket', '_sum', '_count'];
  return type === 'summary' ? ['', '_sum', '_count'] : [''];
}

function parseSample(line: string): Sample | undefined {
  const [, name, inner, value] = SAMPLE.exec(line) ?? [];
  if (name === undefined || value === undefined) return undefined;
  const number = floatOf(value);
  if (number === undefined) return undefined;
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  for (let at = 0; at < (inner ?? '').length; at = LABEL.lastIndex) {
    LABEL.lastIndex = at;
    const [, label, text] = LABEL.exec(inner ?? '') ?? [];
    if (label === undefined || text === undefined || label in labels) return undefined;
    labels[label] = text;
  }
  return { name, labels, value: number };
}

/** What Go's ParseFloat takes, as the format asks: prom-client writes `Nan`. */
function floatOf(text: string): number | undefined {
  if (/^nan$/i.test(text)) return NaN;
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function checkHistogram({ name, samples }: Family): void {
  const groups = new Map<string, { buckets: [number, number][]; count?: number; sum?: number }>();
  for (const sample of samples) {
    const { le, ...labels } = sample.labels;
    const key = JSON.stringify(labels);
    const group = groups.get(key) ?? { buckets: [] };
    groups.set(key, group);
    if (sample.name === `${name}_count`) group.count = sample.value;
    else if (sample.name === `${name}_sum`) group.sum = sample.value;
    else group.buckets.push([le === '+Inf' ? Infinity : Number(le), sample.value]);
  }
  for (const [labels, { buckets, count, sum }] of groups) {
    const rising = buckets.every(
      ([le, value], index) =>
        index === 0 || (le > (buckets[index - 1]?.[0] ?? 0) && value >= (buckets[index - 1]?.[1] ?? 0)),
    );
    const last = buckets.at(-1);
    if (!rising || last?.[0] !== Infinity || last[1] !== count || sum === undefined) {
      throw new Error(`the histogram ${name}${labels} does not add up`);
    }
  }
}
