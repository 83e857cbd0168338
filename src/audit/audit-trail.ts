import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { AuditEntry, AuditRecord } from '../core/audit/record.js';
import { HubEvents } from '../events/hub-events.js';

export type { AuditAct, AuditRecord } from '../core/audit/record.js';

/** So many records are kept for who looks: some 200 KB. */
const KEPT = 500;

/**
 * The latest records of this process, and where all of them pass by. Listeners run at once; one that throws disturbs
 * neither the others nor what is recorded.
 */
@Injectable()
export class AuditTrail {
  readonly #kept: AuditRecord[] = [];
  readonly #listeners = new Set<(record: AuditRecord) => void>();
  #seq = 0;

  constructor(
    private readonly clock: Clock,
    private readonly events: HubEvents,
  ) {}

  /** Newest first; at most 500. */
  recent(limit: number): readonly AuditRecord[] {
    return this.#kept.slice(Math.max(0, this.#kept.length - limit)).reverse();
  }

  /** Calls `listener` with each record from now on. Returns how to end that. */
  onRecord(listener: (record: AuditRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  record(entry: AuditEntry): void {
    this.#seq += 1;
    const record = { seq: this.#seq, at: new Date(this.clock.wallNow()).toISOString(), ...entry };
    this.#kept.push(record);
    if (this.#kept.length > KEPT) this.#kept.shift();
    for (const listener of [...this.#listeners]) {
      try {
        listener(record);
      } catch (error) {
        this.events.emit('troubleSeen', { where: 'audit', error });
      }
    }
  }
}
