import type { ReplicaView } from '../core/replica-view.js';

/** What a hub tells of itself. Types alone. All times are epoch ms by the hub's wall clock. */

export interface HubRow {
  readonly version: string;
  /** The machine or pod. */
  readonly instance: string;
  readonly startedAt: number;
  readonly store: 'memory' | 'file' | 'redis';
  readonly storeUp: boolean;
  /** Since when Redis is away, or the state file cannot be written; `null`: all is well. */
  readonly storeAwaySince: number | null;
  /** HUB_NAME. */
  readonly name: string | null;
  readonly lastReload: ReloadRow | null;
  /** The folder that has docs/runbooks, as `notify` in apps.yaml names it; `null`: nowhere. */
  readonly runbooksUrl: string | null;
  /** This one first; with the memory store no other. */
  readonly replicas: readonly ReplicaRow[];
}

/** A replica that shares the store, as it says of itself. */
export interface ReplicaRow {
  readonly instance: string;
  readonly version: string;
  readonly startedAt: number;
  /** `null`: none since its start. */
  readonly lastReload: { readonly at: number; readonly ok: boolean } | null;
  /** What it sees of its apps, some seconds ago; `null`: it did not say, or the viewer does not see all. */
  readonly view: ReplicaView | null;
}

export interface Problem {
  /** Of a folder: which file. */
  readonly file?: string | undefined;
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** The last reading of apps.yaml since the start; `null`: there was none but the start's, and nothing is wrong. */
export interface ReloadRow {
  readonly at: number;
  readonly trigger: string;
  readonly ok: boolean;
  readonly problems: readonly Problem[];
}
