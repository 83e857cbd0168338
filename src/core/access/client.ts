import type { AddressSet } from './address.js';
import type { ClientIdentity } from './identity.js';

/**
 * What a client may do. `read`: tokens and tickets; `report`: say that a token is dead; `login`: log users in; `gateway`:
 * call WeChat through the hub; `platform`: act for a third-party platform; `admin`: look after the hub.
 */
export const ACTS = ['read', 'report', 'login', 'gateway', 'platform', 'admin'] as const;
export type Act = (typeof ACTS)[number];

export interface ClientKey {
  /** For people and logs; unique within its client. */
  readonly id: string;
  /** Hex SHA-256 of the key, lower case. The key itself is known to the client alone. */
  readonly sha256: string;
  /** Epoch ms by the wall clock, since people set it; the key is refused from that moment on. */
  readonly expiresAt: number | undefined;
}

/** A backend that calls the hub, as apps.yaml has it. Without keys and identities it is known by its address alone. */
export interface ClientEntry {
  /** Unique; of a tenant's client `tenant/id`. */
  readonly id: string;
  /** Whose client it is; `undefined`: the operators'. */
  readonly tenant?: string | undefined;
  /** Of these and {@link identities} any one fits. */
  readonly keys: readonly ClientKey[];
  readonly identities: readonly ClientIdentity[];
  /** `undefined`: any address. Never `undefined` where there are neither keys nor identities. */
  readonly allowIps: AddressSet | undefined;
  readonly apps: ReadonlySet<string> | '*';
  readonly may: ReadonlySet<Act>;
  /**
   * Narrows what `gateway` may call: paths at WeChat that begin with `/`, exact, or a prefix where they end in `*`.
   * `undefined`: all that the hub forwards at all. Never empty.
   */
  readonly gatewayPaths: readonly string[] | undefined;
  /** Per client and address. */
  readonly requestsPerMinute: number;
}

export const CLIENT_DEFAULTS = {
  may: ['read', 'report'],
  requestsPerMinute: 6000,
} as const satisfies { may: readonly Act[]; requestsPerMinute: number };

/** Whether its address alone makes a caller this client. */
export function isKeyless({ keys, identities }: ClientEntry): boolean {
  return keys.length === 0 && identities.length === 0;
}
