/** By what logs tell a request from all others. */
export interface RequestIds {
  readonly requestId: string | undefined;
  /** Of the trace that it belongs to: 32 hex digits. */
  readonly traceId: string | undefined;
}

/** Who asked for something, and by which request. */
export interface Actor extends RequestIds {
  readonly clientId: string;
  /** Of a key its id, of an identity its name (identityName); `undefined`: known by its address. */
  readonly keyId: string | undefined;
  /** As seen, canonical. */
  readonly address: string;
}
