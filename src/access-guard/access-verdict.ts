import type { Act, ClientEntry } from '../core/access/client.js';
import type { DenialCause, DenialReason } from '../core/access/decision.js';
import type { ShownProof } from '../core/access/identity.js';
import type { AccessRequest } from './access-request.js';
import type { Origin } from './origins.js';

/** A request that may go on. Given again for equal requests: never changed. */
export interface Granted {
  readonly ok: true;
  /** The entry by which it may. */
  readonly client: ClientEntry;
  /** `undefined`: known by its address. */
  readonly key: ShownProof | undefined;
  /** As seen, canonical, or {@link UNKNOWN_ADDRESS}. */
  readonly address: string;
}

/** A request that may not, and all that metrics, audit log and the answer need; free of secrets. */
export type Denied = {
  readonly ok: false;
  /** What the caller is told. */
  readonly reason: DenialReason;
  /** What the operator is told. */
  readonly cause: DenialCause;
  /** Whose key or identity was presented, or whom the address made it; `undefined` where nobody is known. */
  readonly clientId: string | undefined;
  /** Of the key, or the name of the identity: {@link ShownProof.id}. */
  readonly keyId: string | undefined;
  /** As seen, canonical, or {@link UNKNOWN_ADDRESS}. */
  readonly address: string;
  readonly requestId: string | undefined;
  readonly traceId: string | undefined;
  readonly act: Act;
  /** The caller's choice, made harmless: see {@link shownAppid}. */
  readonly appid: string | undefined;
} & (
  | {
      readonly reason: 'rate_limited';
      /** Whole seconds, at least 1. */
      readonly retryAfterSeconds: number;
    }
  | { readonly reason: Exclude<DenialReason, 'rate_limited'>; readonly retryAfterSeconds: undefined }
);

export type AccessVerdict = Granted | Denied;

/** What a request asked for, and who is known to have asked. */
export interface DenialFacts {
  readonly origin: Origin;
  readonly act: Act;
  /** As the caller sent it. */
  readonly appid: string | undefined;
  readonly client: ClientEntry | undefined;
  readonly key: ShownProof | undefined;
  readonly request: Pick<AccessRequest, 'requestId' | 'traceId'>;
}

export function refused(
  reason: Exclude<DenialReason, 'rate_limited'>,
  cause: DenialCause,
  facts: DenialFacts,
): Denied {
  return { ok: false, reason, cause, ...shown(facts), retryAfterSeconds: undefined };
}

export function limited(
  cause: 'too_many_failures' | 'too_many_requests',
  retryAfterSeconds: number,
  facts: DenialFacts,
): Denied {
  return { ok: false, reason: 'rate_limited', cause, ...shown(facts), retryAfterSeconds };
}

function shown({ origin, act, appid, client, key, request }: DenialFacts) {
  return {
    clientId: client?.id,
    keyId: key === undefined ? undefined : shownProof(key.id),
    address: origin.text,
    requestId: request.requestId,
    traceId: request.traceId,
    act,
    appid: appid === undefined ? undefined : shownAppid(appid),
  };
}

/** Longest appid there can be (APPID_PATTERN). */
const MAX_APPID = 64;

/** Fit for a log line or a label, whatever the caller sent: at most 64 characters, `?` for those that no appid has. */
export function shownAppid(appid: string): string {
  return appid.slice(0, MAX_APPID).replace(/[^A-Za-z0-9_-]/g, '?');
}

/** Of a subject that nobody granted anything, and who knows how long it is. */
const MAX_SHOWN_PROOF = 256;

/** A token of an issuer can name whom it likes: no line breaks, and an end. */
function shownProof(id: string): string {
  return id.slice(0, MAX_SHOWN_PROOF).replace(/[^\x20-\x7e]/g, '?');
}
