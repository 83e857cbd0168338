import { Injectable } from '@nestjs/common';
import { Clock, type TimerHandle } from '../clock/clock.js';
import { DenialSums } from './denial-sums.js';
import type { AuditEntry } from './record.js';
import { slotOf } from '../core/credential.js';
import {
  HubEvents,
  type Actor,
  type AdminActed,
  type ConfigReloaded,
  type RefreshEnded,
  type RequestDenied,
  type TokenReported,
} from '../events/hub-events.js';
import type { LoginEnded } from '../events/login-events.js';
import { AuditTrail } from './audit-trail.js';

/** Makes records of what happens in the hub. */
@Injectable()
export class AuditSources {
  readonly #denials = new DenialSums();
  #timer: TimerHandle | undefined;

  constructor(
    events: HubEvents,
    private readonly trail: AuditTrail,
    private readonly clock: Clock,
  ) {
    events.on('refreshEnded', (event) => {
      if (event.outcome === 'issued') this.#issued(event);
    });
    events.on('tokenReported', (event) => {
      this.#reported(event);
    });
    events.on('loginEnded', (event) => {
      if (!event.repeated) this.#loggedIn(event);
    });
    events.on('adminActed', (event) => {
      this.#adminActed(event);
    });
    events.on('configReloaded', (event) => {
      // One that was asked for by the endpoint is told with who asked.
      if (event.trigger !== 'admin') this.#reloaded(event);
    });
    events.on('requestDenied', (event) => {
      this.#denied(event);
    });
  }

  /** Denials that are counted and not yet told, before the end. */
  drain(): void {
    this.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const entry of this.#denials.drain()) this.trail.record(entry);
  }

  #issued({ appid, kind, trigger, forced, version, fingerprint }: RefreshEnded): void {
    const act = slotOf(kind) === 'token' ? 'token.issued' : 'ticket.issued';
    this.trail.record({ act, outcome: 'issued', appid, kind, trigger, forced, version, fingerprint });
  }

  #reported({ appid, outcome, by, errcode, fingerprint, ...actor }: TokenReported): void {
    const what = { appid, trigger: by, errcode, fingerprint };
    this.trail.record({ act: 'token.reported', outcome, ...what, ...whoIs(actor) });
  }

  #loggedIn({ appid, kind, result, errcode, ...actor }: LoginEnded): void {
    this.trail.record({ act: 'user.login', outcome: result, appid, kind, errcode, ...whoIs(actor) });
  }

  #adminActed({ act, outcome, appid, errcode, detail, ...actor }: AdminActed): void {
    this.trail.record({ ...recordedAct(act), outcome, appid, errcode, detail, ...whoIs(actor) });
  }

  #reloaded({ trigger, ok, detail }: ConfigReloaded): void {
    this.trail.record({ act: 'config.reload', outcome: ok ? 'ok' : 'refused', trigger, detail });
  }

  #denied({ reason, act, appid, ...actor }: RequestDenied): void {
    const { client, keyId, requestId } = whoIs(actor);
    const denial = { reason, act, client, keyId, address: actor.address, requestId, appid };
    const entry = this.#denials.take(denial, this.clock.now());
    if (entry !== undefined) this.trail.record(entry);
    this.#arm();
  }

  /** One timer, for the sum that is due first. */
  #arm(): void {
    const dueAt = this.#denials.nextDueAt;
    if (this.#timer !== undefined || dueAt === undefined) return;
    this.#timer = this.clock.setTimeout(() => {
      this.#timer = undefined;
      for (const entry of this.#denials.due(this.clock.now())) this.trail.record(entry);
      this.#arm();
    }, dueAt - this.clock.now());
  }
}

function recordedAct(act: AdminActed['act']): Pick<AuditEntry, 'act' | 'trigger' | 'forced'> {
  switch (act) {
    case 'reload':
      return { act: 'config.reload', trigger: 'admin' };
    case 'refresh':
    case 'force_refresh':
      return { act: 'app.refresh', forced: act === 'force_refresh' };
    default:
      return { act: `app.${act}` };
  }
}

interface Who {
  readonly client: string | undefined;
  readonly keyId: string | undefined;
  readonly address: string | undefined;
  readonly requestId: string | undefined;
}

function whoIs({ clientId, keyId, address, requestId }: Partial<Actor>): Who {
  return { client: clientId, keyId, address, requestId };
}
