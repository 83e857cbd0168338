import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import type { AuditEntry, AuditRecord } from './record.js';
import { HubEvents } from '../events/hub-events.js';

export type { AuditAct, AuditRecord } from './record.js';

/** So many records are kept of each sort. */
interface Room {
  readonly acts: number;
  /**
   * Reports that changed nothing, and users' logins, have their own, fewer places: thousands of them come in a minute, and
   * what happened beside them must stay in sight.
   */
  readonly idleReports: number;
  readonly logins: number;
}

/** For who sees all, some 200 KB. */
const OF_ALL: Room = { acts: 400, idleReports: 100, logins: 100 };
/** Of each tenant besides, which nobody else's deeds push out. */
const OF_TENANT: Room = { acts: 80, idleReports: 20, logins: 20 };

/**
 * The latest records of this process, and where all of them pass by. Listeners run at once; one that throws disturbs
 * neither the others nor what is recorded.
 */
@Injectable()
export class AuditTrail {
  readonly #all = new Latest(OF_ALL);
  readonly #ofTenant = new Map<string, Latest>();
  readonly #listeners = new Set<(record: AuditRecord) => void>();
  #seq = 0;

  constructor(
    private readonly clock: Clock,
    private readonly events: HubEvents,
    private readonly config: AppsConfig,
  ) {
    config.onChange(({ snapshot }) => {
      const tenants = new Set([...snapshot.apps.values(), ...snapshot.clients].map(({ tenant }) => tenant));
      for (const tenant of this.#ofTenant.keys()) if (!tenants.has(tenant)) this.#ofTenant.delete(tenant);
    });
  }

  /** Newest first. @param tenant what it or others did about it, at most 120; `undefined`: all, at most 600 */
  recent(limit: number, tenant?: string): readonly AuditRecord[] {
    const latest = tenant === undefined ? this.#all : this.#ofTenant.get(tenant);
    return latest?.newestFirst(limit) ?? [];
  }

  /** Calls `listener` with each record from now on. Returns how to end that. */
  onRecord(listener: (record: AuditRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  record(entry: AuditEntry): void {
    this.#seq += 1;
    const record = { seq: this.#seq, at: new Date(this.clock.wallNow()).toISOString(), ...entry };
    this.#all.keep(record);
    this.#latestOf(record)?.keep(record);
    for (const listener of [...this.#listeners]) {
      try {
        listener(record);
      } catch (error) {
        this.events.emit('troubleSeen', { where: 'audit', error });
      }
    }
  }

  /** Of the tenant whose client it was, or whose app it is about. */
  #latestOf({ client, appid }: AuditRecord): Latest | undefined {
    const slash = client?.indexOf('/') ?? -1;
    const { apps } = this.config.current;
    const tenant =
      slash > 0 ? client?.slice(0, slash) : appid === undefined ? undefined : apps.get(appid)?.tenant;
    if (tenant === undefined) return undefined;
    let latest = this.#ofTenant.get(tenant);
    if (latest === undefined) this.#ofTenant.set(tenant, (latest = new Latest(OF_TENANT)));
    return latest;
  }
}

/** The latest records of each sort. */
class Latest {
  readonly #acts: AuditRecord[] = [];
  readonly #idleReports: AuditRecord[] = [];
  readonly #logins: AuditRecord[] = [];

  constructor(private readonly room: Room) {}

  keep(record: AuditRecord): void {
    if (isIdleReport(record)) keep(this.#idleReports, record, this.room.idleReports);
    else if (record.act === 'user.login') keep(this.#logins, record, this.room.logins);
    else keep(this.#acts, record, this.room.acts);
  }

  newestFirst(limit: number): readonly AuditRecord[] {
    return [...this.#acts, ...this.#idleReports, ...this.#logins]
      .sort((a, b) => b.seq - a.seq)
      .slice(0, limit);
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
