import { Injectable } from '@nestjs/common';
import { slotOf } from '../core/credential.js';
import { HubEvents, type RefreshEnded } from '../events/hub-events.js';
import { AuditTrail } from './audit-trail.js';

/** Makes records of what happens in the hub. */
@Injectable()
export class AuditSources {
  constructor(
    events: HubEvents,
    private readonly trail: AuditTrail,
  ) {
    events.on('refreshEnded', (event) => {
      if (event.outcome === 'issued') this.#issued(event);
    });
    events.on('tokenReported', ({ appid, outcome }) => {
      trail.record({ act: 'token.reported', outcome, appid });
    });
    events.on('adminActed', ({ act, outcome, appid, clientId, keyId, address }) => {
      const who = { client: clientId, keyId, address };
      if (act === 'reload') trail.record({ act: 'config.reload', outcome, trigger: 'admin', ...who });
      else trail.record({ act: 'app.refresh', outcome, appid, forced: act === 'force_refresh', ...who });
    });
    events.on('configReloaded', ({ trigger, ok }) => {
      // One that was asked for by the endpoint is told with who asked.
      if (trigger === 'admin') return;
      trail.record({ act: 'config.reload', outcome: ok ? 'ok' : 'refused', trigger });
    });
    events.on('requestDenied', ({ reason, clientId, keyId, address, appid }) => {
      const who = { client: clientId, keyId, address };
      trail.record({ act: 'request.denied', outcome: 'denied', reason, appid, ...who });
    });
  }

  #issued({ appid, kind, trigger, forced, version }: RefreshEnded): void {
    const act = slotOf(kind) === 'token' ? 'token.issued' : 'ticket.issued';
    this.trail.record({ act, outcome: 'issued', appid, kind, trigger, forced, version });
  }
}
