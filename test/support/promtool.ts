import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Said {
  readonly status: number | null;
  readonly text: string;
}

/** Runs Prometheus's own tool. `input`: its stdin. */
export function promtool(command: readonly string[], input = ''): Said {
  const { status, stdout, stderr } = spawnSync('promtool', command, { input, encoding: 'utf8' });
  return { status, text: `${stdout}${stderr}` };
}

/** Which of these are not PromQL, each with what promtool says of it. They are checked as recording rules. */
export function notPromql(expressions: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'promql-'));
  const check = (some: readonly string[]): Said => {
    const rules = some.map((expr, index) => ({ record: `checked:expression_${index}`, expr }));
    const file = join(folder, 'rules.yaml');
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'checked', rules }] }));
    return promtool(['check', 'rules', '--lint=none', file]);
  };
  try {
    if (check(expressions).status === 0) return [];
    return expressions.flatMap((expression) => {
      const { status, text } = check([expression]);
      return status === 0 ? [] : [`${expression}: ${text}`];
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
