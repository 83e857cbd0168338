/** Who asked for something, and by which request. */
export interface Actor {
  readonly clientId: string;
  /** Of a key its id, of an identity its name (identityName); `undefined`: known by its address. */
  readonly keyId: string | undefined;
  /** As seen, canonical. */
  readonly address: string;
  readonly requestId: string | undefined;
}
