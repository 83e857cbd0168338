import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { AuditEntry, AuditRecord } from './record.js';
import { HubEvents } from '../events/hub-events.js';

export type { AuditAct, AuditRecord } from './record.js';

/**
 * So many records are kept for who looks, some 200 KB in all. Reports that changed nothing, and users' logins, have
 * their own, fewer places: thousands of them come in a minute, and what happened beside them must stay in sight.
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
  readonly #kept: AuditRecord[] = [];
  readonly #idleReports: AuditRecord[] = [];
  readonly #logins: AuditRecord[] = [];
  readonly #listeners = new Set<(record: AuditRecord) => void>();
  #seq = 0;

  constructor(
    private readonly clock: Clock,
    private readonly events: HubEvents,
  ) {}

  /** Newest first; at most 600. */
  recent(limit: number): readonly AuditRecord[] {
    return [...this.#kept, ...this.#idleReports, ...this.#logins]
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
    if (isIdleReport(record)) keep(this.#idleReports, record, KEPT_IDLE_REPORTS);
    else if (record.act === 'user.login') keep(this.#logins, record, KEPT_LOGINS);
    else keep(this.#kept, record, KEPT);
    for (const listener of [...this.#listeners]) {
      try {
        listener(record);
      } catch (error) {
        this.events.emit('troubleSeen', { where: 'audit', error });
      }
    }
  }
}

function keep(records: AuditRecord[], record: AuditRecord, most: number): void {
  records.push(record);
  if (records.length > most) records.shift();
}

/** WeChat was not asked because of it, and no token changed. */
function isIdleReport({ act, outcome }: AuditRecord): boolean {
  return act === 'token.reported' && (outcome === 'throttled' || outcome === 'superseded');
}
