/** What the audit log tells of. */
export type AuditAct =
  | 'token.issued'
  | 'ticket.issued'
  | 'token.reported'
  | 'user.login'
  | 'app.refresh'
  | 'app.quota'
  | 'app.clear_quota'
  | 'app.rid'
  | 'app.seed'
  | 'config.reload'
  | 'request.denied';

/** One line of the audit log: who, from where, what, and what came of it. Free of secrets. */
export interface AuditRecord {
  /** Counts this process's records, from 1. */
  readonly seq: number;
  /** By the wall clock, ISO 8601. */
  readonly at: string;
  readonly act: AuditAct;
  readonly outcome: string;
  /** Only of apps that there are: what a caller writes there may be a key in the wrong place. */
  readonly appid?: string | undefined;
  /** Of a credential: `stable_token`, `token`, `jsapi`, `wx_card`; of a login: `session`, `oauth`. */
  readonly kind?: string | undefined;
  /** What occasioned it: of an issue the cause of the attempt, of a reload its way in, of a report who found out. */
  readonly trigger?: string | undefined;
  readonly forced?: boolean | undefined;
  readonly client?: string | undefined;
  readonly keyId?: string | undefined;
  /** By which it was known, or would have been: apps.yaml's name of the issuer, or `certificate`. */
  readonly issuer?: string | undefined;
  /** Of that issuer, or the name in the certificate. */
  readonly subject?: string | undefined;
  /** As seen, canonical; of summed denials the address block. */
  readonly address?: string | undefined;
  readonly requestId?: string | undefined;
  /** Of the trace that the request belongs to. */
  readonly traceId?: string | undefined;
  /** Why a request was denied: DenialCause. */
  readonly reason?: string | undefined;
  /** Of summed denials: how many, since the line before. */
  readonly count?: number | undefined;
  readonly version?: number | undefined;
  /** The first 12 hex digits of the SHA-256 of the token or ticket. */
  readonly fingerprint?: string | undefined;
  readonly errcode?: number | undefined;
  readonly detail?: string | undefined;
}

/** A record before it has its number and time. */
export type AuditEntry = Omit<AuditRecord, 'seq' | 'at'>;
