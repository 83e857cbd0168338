import type { FastifyRequest } from 'fastify';
import type { AccessRequest } from '../access-guard/access-request.js';
import { certificateOf } from './certificate.js';
import type { Denied, Granted } from '../access-guard/access-verdict.js';
import type { Admission } from '../access-guard/admission.js';
import { isFromBrowser } from '../core/access/browser.js';
import type { TokenVerdict } from '../core/access/identity.js';
import type { Actor, RequestIds } from '../events/actor.js';
import { traceIdOf } from './trace-id.js';

export interface AppRequest extends FastifyRequest {
  params: { appid: string };
  /** What became of the token in its header, before its route. */
  token?: TokenVerdict;
  /** What the guard found; absent on routes without credentials. */
  verdict?: Granted | Denied;
  /** While it is let in. */
  admission?: Admission | undefined;
  /** Why its answer may leave without an admission and with a status of success: see web/exit.ts. */
  leavesUnadmitted?: 'refusal' | 'open_console';
}

/** The request is let in no longer. */
export function revoke(request: AppRequest, denied: Denied): Denied {
  request.admission = undefined;
  request.verdict = denied;
  return denied;
}

export function requestIdsOf({ id, raw }: FastifyRequest): RequestIds {
  return { requestId: id, traceId: traceIdOf(raw) };
}

/** Who sent a request that was admitted, for events. */
export function actorOf(request: AppRequest): Actor | undefined {
  const { verdict } = request;
  return verdict?.ok === true ? grantedActor(verdict, request) : undefined;
}

export function grantedActor({ client, key, address }: Granted, request: FastifyRequest): Actor {
  return { clientId: client.id, keyId: key?.id, address, ...requestIdsOf(request) };
}

export function accessRequestOf(request: FastifyRequest): AccessRequest {
  const { token } = request as AppRequest;
  const { headers, socket } = request.raw;
  const forwarded = headers['x-forwarded-for'];
  return {
    socketAddress: socket.remoteAddress ?? '',
    xForwardedFor: Array.isArray(forwarded) ? forwarded.join(', ') : forwarded,
    authorization: headers.authorization,
    key: undefined,
    token,
    certificate: headers.authorization === undefined ? certificateOf(socket) : undefined,
    isFromBrowser: headers.authorization === undefined && isFromBrowser(headers),
    requestId: request.id,
    traceId: traceIdOf(request.raw),
  };
}
