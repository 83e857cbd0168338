import type { FaultTable } from './faults.js';
import type { Concurrency, Endpoint, Journal } from './journal.js';
import { ENDPOINTS } from './journal.js';
import type { Schedule } from './time.js';
import type { WeChatModel } from './wechat-model.js';

/** What a running simulator is made of. */
export interface SimulatorParts {
  readonly now: () => number;
  readonly schedule: Schedule;
  /** Simulated ms that every call takes at least. */
  readonly latencyMs: number;
  readonly model: WeChatModel;
  readonly faults: FaultTable;
  readonly journal: Journal;
}

export interface SimulatorStats {
  /** Epoch ms of the simulated clock. */
  readonly now: number;
  readonly calls: Readonly<Record<Endpoint, number>>;
  readonly mints: { readonly token: number; readonly stable_token: number };
  readonly maxConcurrent: Concurrency;
  /** Apps with state; only without `appid`. */
  readonly apps?: number;
  /** Faults set; only without `appid`. */
  readonly faults?: number;
}

/** Of all apps, or of one. */
export function statsOf({ now, model, faults, journal }: SimulatorParts, appid?: string): SimulatorStats {
  const counts = ENDPOINTS.map((endpoint) => [endpoint, journal.calls({ endpoint, appid })] as const);
  return {
    now: now(),
    calls: Object.fromEntries(counts) as Record<Endpoint, number>,
    mints: {
      token: model.mints({ appid, family: 'token' }),
      stable_token: model.mints({ appid, family: 'stable_token' }),
    },
    maxConcurrent: journal.maxConcurrent(appid),
    ...(appid === undefined && { apps: model.size.apps, faults: faults.size }),
  };
}
