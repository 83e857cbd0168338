/** Why a push was not believed, or what it told. Of a closed set, for metrics. */
export type PushOutcome =
  | 'ticket'
  | 'authorized'
  | 'updated'
  | 'withdrawn'
  | 'other'
  /** No such platform, or a signature that its push token did not make. */
  | 'bad_signature'
  | 'malformed'
  /** Its time is minutes away. */
  | 'stale'
  /** It was taken before. */
  | 'repeated'
  /** The store did not take it: WeChat sends it again. */
  | 'not_stored';

/** A push came to the address of a platform. */
export interface PlatformPushed {
  /** `undefined`: there is no such platform. */
  readonly platform: string | undefined;
  readonly outcome: PushOutcome;
  /** Of those that were believed: the account that it is about. */
  readonly appid?: string | undefined;
}

/** What the hub knows of an account's authorisation has changed, and is stored. */
export interface AuthorizationChanged {
  readonly platform: string;
  readonly appid: string;
  readonly change: 'authorized' | 'updated' | 'withdrawn' | 'needs_authorising' | 'recovered';
  /** WeChat's, where it refuses the authorisation. */
  readonly errcode?: number | undefined;
}
