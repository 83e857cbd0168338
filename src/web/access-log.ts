import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../clock/clock.js';
import type { HubEnvironment } from '../config/environment/environment.js';
import type { Log, LogFields } from '../logging/log.js';
import { SummedDenials } from '../logging/summed-denials.js';
import { requestIdsOf, type AppRequest } from './app-request.js';

/**
 * HUB_ACCESS_LOG: a line per request. With `errors`, what strangers are refused is summed as in the audit log: how many
 * lines there are is not for them to decide. A client that the hub knows has a line for each.
 */
export class AccessLog {
  readonly #strangers: SummedDenials;

  constructor(
    private readonly which: HubEnvironment['accessLog'],
    private readonly log: Log,
    clock: Clock,
  ) {
    this.#strangers = new SummedDenials(clock, ({ reason, source, count }) => {
      this.log.info('requests', { ...refusalOf(reason), address: source ?? 'others', count });
    });
  }

  /** @param route its template, never the URL: what a caller puts there may be a secret */
  record(request: FastifyRequest, reply: FastifyReply, route: string): void {
    const { statusCode: status } = reply;
    if (this.which === 'off' || (this.which === 'errors' && status < 400)) return;
    const { verdict } = request as AppRequest;
    const address = verdict?.address ?? request.socket.remoteAddress ?? 'unknown';
    if (this.which === 'errors' && isStranger(verdict)) {
      const reason = verdict?.ok === false ? verdict.cause : String(status);
      if (this.#strangers.take({ reason, client: undefined, address }) === undefined) return;
    }
    this.log.info('request', {
      ...requestIdsOf(request),
      method: request.method,
      route,
      status,
      durationMs: Math.round(reply.elapsedTime * 1000) / 1000,
      ...describeCaller(verdict),
      address,
    });
  }

  /** What is counted and not yet written, before the end. */
  drain(): void {
    this.#strangers.drain();
  }
}

/** Nobody that the hub could put a name to, also where nobody looked. */
function isStranger(verdict: AppRequest['verdict']): boolean {
  return verdict === undefined || (!verdict.ok && verdict.clientId === undefined);
}

function refusalOf(reason: string): LogFields {
  return /^\d+$/.test(reason) ? { status: Number(reason) } : { denied: reason };
}

function describeCaller(verdict: AppRequest['verdict']): LogFields {
  if (verdict === undefined) return {};
  if (verdict.ok) return { client: verdict.client.id, key: verdict.key?.id };
  // Not the appid that was asked for: who mixes up the fields of a form puts a key there.
  return { client: verdict.clientId, key: verdict.keyId, denied: verdict.cause };
}
