import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

interface Target {
  readonly expr: string;
  readonly datasource: unknown;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: unknown;
  readonly targets?: readonly Target[];
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly datasource?: unknown }[];
  };
}

export function readDashboard(): Dashboard {
  const file = fileURLToPath(new URL('../../deploy/grafana/wechat-token-hub.json', import.meta.url));
  return JSON.parse(readFileSync(file, 'utf8')) as Dashboard;
}

/** As Grafana sends them to Prometheus, with everything chosen. */
export function expressionsOf({ targets = [] }: Panel): string[] {
  return targets.map(({ expr }) =>
    expr.replace(/\$(namespace|job)\b/g, '.*').replaceAll('$__rate_interval', '1m'),
  );
}
