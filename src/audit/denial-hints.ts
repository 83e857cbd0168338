import type { DenialCause } from '../core/access/decision.js';

/** What makes a token or certificate be refused, and what to do. The caller is told none of it. */
const HINTS: Readonly<Partial<Record<DenialCause, string>>> = {
  malformed_token:
    'it is no signed JWT in three parts, has crit in its header, or is one of another purpose (typ)',
  refused_algorithm: 'only RS256, ES256 and EdDSA are taken; nobody should send another: look who it is',
  unknown_issuer:
    'its iss is that of no entry of issuers: compare both to the letter, also a slash at the end',
  issuer_unavailable: 'no key of its issuer is known: wechat-token-hub doctor says why it cannot be asked',
  unknown_signing_key:
    'its issuer has no key of that kid and algorithm: another cluster under the same name, or a key that is gone',
  wrong_signature: 'it was altered, or somebody else signed it: look who it is',
  wrong_audience: 'it is for somebody else: have it issued with the audience of the entry of issuers',
  incomplete_token: 'it has no exp or no sub: the hub takes none that never ends',
  expired_token: 'it has ended: read the file of the token again before each request, and look at the clocks',
  early_token: 'its nbf has not come yet: look at the clocks',
  unknown_identity: 'it is good, and no client has this issuer and subject under identities',
  expired_certificate: 'it ended while the connection was open: connect anew with the next one',
};

/** `undefined`: the reason says it all. */
export function denialHint(reason: string): string | undefined {
  return Object.hasOwn(HINTS, reason) ? HINTS[reason as DenialCause] : undefined;
}
