import type { Act, ClientEntry, ClientKey } from '../core/access/client.js';
import type { DenialCause, DenialReason } from '../core/access/decision.js';
import type { Origin } from './origins.js';

/** A request that may go on. Given again for equal requests: never changed. */
export interface Granted {
  readonly ok: true;
  /** The entry by which it may. */
  readonly client: ClientEntry;
  /** `undefined`: known by its address. */
  readonly key: ClientKey | undefined;
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
  /** Whose key was presented, or whom the address made it; `undefined` where nobody is known. */
  readonly clientId: string | undefined;
  readonly keyId: string | undefined;
  /** As seen, canonical, or {@link UNKNOWN_ADDRESS}. */
  readonly address: string;
  readonly requestId: string | undefined;
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
  readonly key: ClientKey | undefined;
  readonly requestId: string | undefined;
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

function shown({ origin, act, appid, client, key, requestId }: DenialFacts) {
  return {
    clientId: client?.id,
    keyId: key?.id,
    address: origin.text,
    requestId,
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
