import { isObject } from '../../core/json.js';

/*
 * Where an issuer's keys may be fetched from: whoever can change them on the way decides who the hub lets in.
 */

/** What is wrong with the URL; ends the sentence "… its address". `undefined`: nothing. */
export function placeFlaw(text: string): string | undefined {
  if (!URL.canParse(text)) return 'is no URL';
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return 'holds a user name or password';
  if (protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))) return undefined;
  return 'does not begin with https:// (http:// is for addresses of this machine alone)';
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** Where the issuer describes itself (OpenID Connect Discovery 1.0, 4). */
export function discoveryUrlOf(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
}

/** Where a discovery document says that the keys are, or what is wrong with it. */
export function readDiscovery(
  document: unknown,
  issuer: string,
): { readonly jwksUri: string } | { readonly flaw: string } {
  if (!isObject(document)) return { flaw: 'its discovery document is no JSON object' };
  if (document.issuer !== issuer)
    return {
      flaw: 'its discovery document is that of another issuer: write issuer exactly as it stands there',
    };
  const { jwks_uri: jwksUri } = document;
  if (typeof jwksUri !== 'string') return { flaw: 'its discovery document has no jwks_uri' };
  const flaw = placeFlaw(jwksUri);
  return flaw === undefined ? { jwksUri } : { flaw: `the jwks_uri of its discovery document ${flaw}` };
}

/**
 * Whether the hub's own token may go to `url`. To the host that the file names; elsewhere only where a `caFile` vouches
 * for whoever answers there: the API server of a cluster gives its own address as `jwks_uri`.
 */
export function mayHaveToken(url: string, named: string, hasOwnCa: boolean): boolean {
  return hasOwnCa || new URL(url).origin === new URL(named).origin;
}
