import type { FastifyRequest } from 'fastify';
import type { AccessRequest } from '../access-guard/access-request.js';
import { certificateOf } from './certificate.js';
import type { Denied, Granted } from '../access-guard/access-verdict.js';
import type { Admission } from '../access-guard/admission.js';
import { isFromBrowser } from '../core/access/browser.js';
import type { TokenVerdict } from '../core/access/identity.js';
import type { Actor } from '../events/actor.js';

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

/** Who sent a request that was admitted, for events. */
export function actorOf({ verdict, id }: AppRequest): Actor | undefined {
  if (verdict?.ok !== true) return undefined;
  return { clientId: verdict.client.id, keyId: verdict.key?.id, address: verdict.address, requestId: id };
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
  };
}
