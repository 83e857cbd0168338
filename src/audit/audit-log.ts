import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { HubEnvironment } from '../config/environment/environment.js';
import type { AuditRecord } from './record.js';
import { HubEvents } from '../events/hub-events.js';
import { Log } from '../logging/log.js';
import { AuditFile } from './audit-file.js';
import { AuditSources } from './audit-sources.js';
import { AuditTrail } from './audit-trail.js';

/** Writes every record as a JSON line to where HUB_AUDIT_LOG says, whatever HUB_LOG_LEVEL is. */
@Injectable()
export class AuditLog implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #file: AuditFile | undefined;
  readonly #onSignal = (): void => {
    this.#file?.reopen();
  };

  constructor(
    environment: HubEnvironment,
    clock: Clock,
    trail: AuditTrail,
    log: Log,
    events: HubEvents,
    private readonly sources: AuditSources,
  ) {
    const { auditLog } = environment;
    if (auditLog === 'off') return;
    if (auditLog === 'stdout') {
      trail.onRecord((record) => {
        log.line(lineOf(record));
      });
      return;
    }
    const file = new AuditFile(auditLog, clock, {
      failed: (error) => {
        log.error('the audit log cannot be written; its lines wait in memory', { error, file: auditLog });
      },
      recovered: (lost) => {
        log.info('the audit log is written again', { file: auditLog, lost });
      },
      lost: (lines) => {
        events.emit('linesLost', { log: 'audit', lines });
      },
    });
    trail.onRecord((record) => {
      file.append(lineOf(record));
    });
    this.#file = file;
  }

  onApplicationBootstrap(): void {
    if (this.#file === undefined) return;
    process.on('SIGHUP', this.#onSignal);
    this.#file.start();
  }

  async onApplicationShutdown(): Promise<void> {
    process.off('SIGHUP', this.#onSignal);
    this.sources.drain();
    await this.#file?.close();
  }
}

/** With the fields that every line of the log has; `log` tells the two apart where both go to stdout. */
function lineOf({ at, ...record }: AuditRecord): string {
  return JSON.stringify({ level: 'info', time: at, log: 'audit', msg: 'audit', ...record });
}
