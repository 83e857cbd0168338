/**
 * Who a client is without a key of the hub's making: a token of an issuer that the file names, or the certificate of
 * its connection.
 */

/** An issuer of tokens, as apps.yaml has it. Over a reload that changes nothing of it the same object. */
export interface IssuerSettings {
  /** The file's name for it; unique. */
  readonly id: string;
  /** `iss` of its tokens, exactly; unique. */
  readonly issuer: string;
  /** One of `aud` of its tokens, exactly. */
  readonly audience: string;
  /** Where its keys are; neither this nor {@link jwksFile}: where its discovery document says. */
  readonly jwksUri: string | undefined;
  /** Absolute. */
  readonly jwksFile: string | undefined;
  /** Absolute; PEM. The authorities that its endpoint is held against, instead of the system's. */
  readonly caFile: string | undefined;
  /** Absolute. A bearer token for its endpoint, read anew for each request. */
  readonly tokenFile: string | undefined;
}

/** By which a client is known, beside or instead of keys. */
export type ClientIdentity =
  | {
      /** {@link IssuerSettings.id} */
      readonly issuer: string;
      /** `sub`, exactly. */
      readonly subject: string;
    }
  /** A URI or DNS name in the client's certificate, exactly. */
  | { readonly certificate: string };

/** What was shown and found good, whatever it is: for limits of its time, logs and metrics. Free of secrets. */
export interface ShownProof {
  /** Of a key its id; of an identity {@link identityName}: no id of a key has a slash. */
  readonly id: string;
  /** Epoch ms by the wall clock; it is refused from that moment on. `undefined`: it does not end. */
  readonly expiresAt: number | undefined;
}

/** A token whose signature and claims were found good. */
export interface VerifiedToken {
  readonly issuer: IssuerSettings;
  readonly subject: string;
  readonly proof: ShownProof;
}

/** Why a token is refused before anybody asks whose it is. */
export type TokenFlaw =
  /** No JWT of the form that the hub takes: its parts, its header, an extension that must be understood (`crit`). */
  | 'malformed_token'
  /** `none`, HS256 and whatever else is not RS256, ES256 or EdDSA. */
  | 'refused_algorithm'
  /** `iss` is none of the file's. */
  | 'unknown_issuer'
  /** No key of the issuer is known, or those that were are too old: it could not be asked. */
  | 'issuer_unavailable'
  /** The issuer has no key of that name for that algorithm. */
  | 'unknown_signing_key'
  | 'wrong_signature'
  | 'wrong_audience'
  /** No `exp`, or no `sub`, or one that is no such thing. */
  | 'incomplete_token'
  | 'expired_token'
  | 'early_token';

export interface RefusedToken {
  readonly flaw: TokenFlaw;
  /** The file's name of the issuer that the token claims; nothing proves the claim. */
  readonly issuer: string | undefined;
}

export type TokenVerdict = VerifiedToken | RefusedToken;

/** The certificate of a connection, verified in its handshake. */
export interface ShownCertificate {
  /** Its URIs and DNS names. */
  readonly names: readonly string[];
  /** Its end, epoch ms. */
  readonly expiresAt: number;
}

/** Under `issuer` of {@link identityName} where it is a certificate; no issuer may be called so. */
export const CERTIFICATES = 'certificate';

/** For logs, metrics, console: `cluster/system:serviceaccount:shop:order-service`, `certificate/spiffe://prod/orders`. */
export function identityName(identity: ClientIdentity): string {
  return 'certificate' in identity
    ? `${CERTIFICATES}/${identity.certificate}`
    : `${identity.issuer}/${identity.subject}`;
}

/** The two halves of {@link identityName}; `undefined`: the id of a key. */
export function namedIdentity(id: string): { readonly issuer: string; readonly subject: string } | undefined {
  const slash = id.indexOf('/');
  return slash < 0 ? undefined : { issuer: id.slice(0, slash), subject: id.slice(slash + 1) };
}

export function sameIssuer(a: IssuerSettings, b: IssuerSettings): boolean {
  return (
    a.id === b.id &&
    a.issuer === b.issuer &&
    a.audience === b.audience &&
    a.jwksUri === b.jwksUri &&
    a.jwksFile === b.jwksFile &&
    a.caFile === b.caFile &&
    a.tokenFile === b.tokenFile
  );
}
