import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { denialHint } from './denial-hints.js';
import type { AuditEntry } from './record.js';
import { namedIdentity } from '../core/access/identity.js';
import { slotOf } from '../core/credential.js';
import type { Actor } from '../events/actor.js';
import {
  HubEvents,
  type AdminActed,
  type ConfigReloaded,
  type RefreshEnded,
  type RequestDenied,
  type TokenReported,
} from '../events/hub-events.js';
import type { RequestIds } from '../events/actor.js';
import type { LoginEnded } from '../events/login-events.js';
import { MOST_SOURCES } from '../logging/denial-sums.js';
import { SummedDenials } from '../logging/summed-denials.js';
import { AuditTrail } from './audit-trail.js';

const DENIED = { act: 'request.denied', outcome: 'denied' } as const;
const BEYOND = `from more sources than are told apart (${MOST_SOURCES})`;

/** Makes records of what happens in the hub. */
@Injectable()
export class AuditSources {
  readonly #denials: SummedDenials;

  constructor(
    events: HubEvents,
    private readonly trail: AuditTrail,
    clock: Clock,
  ) {
    this.#denials = new SummedDenials(clock, ({ source, ...sum }) => {
      trail.record({
        ...DENIED,
        ...sum,
        ...(source === undefined ? { detail: BEYOND } : { address: source }),
      });
    });
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
    this.#denials.drain();
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
    const taken = this.#denials.take({ reason, client: actor.clientId, address: actor.address });
    if (taken === undefined) return;
    const what =
      taken === 'first' ? { ...whoIs(actor), appid, detail: detailOf(reason, act) } : { detail: BEYOND };
    this.trail.record({ ...DENIED, reason, ...what });
  }
}

function detailOf(reason: string, act: string): string {
  const hint = denialHint(reason);
  return hint === undefined ? `asked for ${act}` : `asked for ${act}; ${hint}`;
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

interface Who extends RequestIds {
  readonly client: string | undefined;
  readonly keyId: string | undefined;
  readonly issuer: string | undefined;
  readonly subject: string | undefined;
  readonly address: string | undefined;
}

function whoIs({ clientId, keyId, address, requestId, traceId }: Partial<Actor>): Who {
  const identity = keyId === undefined ? undefined : namedIdentity(keyId);
  const { issuer, subject } = identity ?? {};
  return {
    client: clientId,
    keyId: identity === undefined ? keyId : undefined,
    issuer,
    // Of a token that proved nothing there is none.
    subject: subject === '' ? undefined : subject,
    address,
    requestId,
    traceId,
  };
}
