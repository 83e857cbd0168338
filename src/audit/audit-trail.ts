import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import type { AuditEntry, AuditRecord } from './record.js';
import { HubEvents } from '../events/hub-events.js';
import { FairRing } from './fair-ring.js';

export type { AuditAct, AuditRecord } from './record.js';

/**
 * So many records are kept for who looks, some 200 KB in all. Reports that changed nothing, and users' logins, have
 * their own, fewer places: thousands of them come in a minute, and what happened beside them must stay in sight. So must
 * what happened to other tenants, see {@link FairRing}.
 */
const KEPT = 400;
const KEPT_IDLE_REPORTS = 100;
const KEPT_LOGINS = 100;

/**
 * The latest records of this process, and where all of them pass by. Listeners run at once; one that throws disturbs
 * neither the others nor what is recorded.
 */
@Injectable()
export class AuditTrail {
  readonly #kept = new FairRing<AuditRecord>(KEPT);
  readonly #idleReports = new FairRing<AuditRecord>(KEPT_IDLE_REPORTS);
  readonly #logins = new FairRing<AuditRecord>(KEPT_LOGINS);
  readonly #listeners = new Set<(record: AuditRecord) => void>();
  #seq = 0;

  constructor(
    private readonly clock: Clock,
    private readonly events: HubEvents,
    @Inject(AppsConfig) private readonly config: Pick<AppsConfig, 'current'>,
  ) {}

  /** Newest first; at most 600. */
  recent(limit: number): readonly AuditRecord[] {
    return [...this.#kept.items, ...this.#idleReports.items, ...this.#logins.items]
      .sort((a, b) => b.seq - a.seq)
      .slice(0, limit);
  }

  /** Calls `listener` with each record from now on. Returns how to end that. */
  onRecord(listener: (record: AuditRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  record(entry: AuditEntry): void {
    this.#seq += 1;
    const record = { seq: this.#seq, at: new Date(this.clock.wallNow()).toISOString(), ...entry };
    this.#ringOf(record).keep(record, this.#tenantOf(record));
    for (const listener of [...this.#listeners]) {
      try {
        listener(record);
      } catch (error) {
        this.events.emit('troubleSeen', { where: 'audit', error });
      }
    }
  }

  #ringOf(record: AuditRecord): FairRing<AuditRecord> {
    if (isIdleReport(record)) return this.#idleReports;
    return record.act === 'user.login' ? this.#logins : this.#kept;
  }

  /** Who brought it: the client's tenant (`tenant/id`), or else that of the app. */
  #tenantOf({ client, appid }: AuditRecord): string | undefined {
    const [tenant, id] = client?.split('/') ?? [];
    if (id !== undefined) return tenant;
    return appid === undefined ? undefined : this.config.current.apps.get(appid)?.tenant;
  }
}

/** WeChat was not asked because of it, and no token changed. */
function isIdleReport({ act, outcome }: AuditRecord): boolean {
  return act === 'token.reported' && (outcome === 'throttled' || outcome === 'superseded');
}
