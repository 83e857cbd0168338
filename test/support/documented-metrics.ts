import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface DocumentedMetric {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly unit: string;
  readonly meaning: string;
}

const ROW = /^\| `(wxhub_\w+)` \| (\w+) \| ([^|]*) \| ([^|]+) \| (.+) \|$/;

/** The tables of docs/metrics.md or its Chinese twin. */
export function documentedMetrics(language: '' | '.zh-CN' = ''): DocumentedMetric[] {
  const page = fileURLToPath(new URL(`../../docs/metrics${language}.md`, import.meta.url));
  const rows = readFileSync(page, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  return rows.map((line) => {
    const [, name, type, labels, unit, meaning] = ROW.exec(line) ?? [];
    if (name === undefined || type === undefined || unit === undefined || meaning === undefined) {
      throw new Error(`not a row of a metric: ${line}`);
    }
    return { name, type, labels: (labels ?? '').match(/\w+/g) ?? [], unit, meaning };
  });
}

/** As series are called in PromQL: a histogram's are three. */
export function seriesNames({ name, type }: Pick<DocumentedMetric, 'name' | 'type'>): string[] {
  return type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
}

/** The hub's series that a PromQL expression or a text names. */
export function hubSeriesIn(text: string): string[] {
  return [...new Set(text.match(/\bwxhub_\w+/g) ?? [])];
}
