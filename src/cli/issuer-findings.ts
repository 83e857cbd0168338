import type { HubEnvironment } from '../config/environment/environment.js';
import type { ClientEntry } from '../core/access/client.js';
import type { IssuerSettings } from '../core/access/identity.js';
import { FETCH_LIMIT_MS, KeysUnavailable, readKeys } from '../identities/key-source.js';
import type { Finding } from './finding.js';

interface Configured {
  readonly environment: HubEnvironment;
  readonly issuers: readonly IssuerSettings[];
  readonly clients: readonly ClientEntry[];
}

/** Whether the keys of each issuer can be had from here, and whether certificates can count; in the order of the file. */
export function issuerFindings({ environment, issuers, clients }: Configured): Promise<Finding>[] {
  const findings = issuers.map(findingOf);
  const unshown = unshownCertificate(environment, clients);
  if (unshown !== undefined)
    findings.push(Promise.resolve({ what: 'client certificates', result: 'problem', ...unshown }));
  return findings;
}

/** Where a client is known by a certificate that nobody can show. */
export function unshownCertificate(
  { tlsClientCaFile }: Pick<HubEnvironment, 'tlsClientCaFile'>,
  clients: readonly Pick<ClientEntry, 'id' | 'identities'>[],
): { readonly detail: string; readonly fix: string } | undefined {
  const named = clients.find(({ identities }) => identities.some((identity) => 'certificate' in identity));
  if (named === undefined || tlsClientCaFile !== undefined) return undefined;
  return {
    detail: `client ${named.id} is known by a certificate, and nobody shows one here`,
    fix: 'set HUB_TLS_CERT_FILE, HUB_TLS_KEY_FILE and HUB_TLS_CLIENT_CA_FILE: certificates count on the hub\u2019s own TLS listener alone',
  };
}

async function findingOf(issuer: IssuerSettings): Promise<Finding> {
  const what = `issuer ${issuer.id}`;
  try {
    const keys = await readKeys(issuer, AbortSignal.timeout(FETCH_LIMIT_MS));
    const algorithms = [...new Set(keys.map(({ alg }) => alg))].join(', ');
    return { what, result: 'ok', detail: `${keys.length} key(s) for ${algorithms}` };
  } catch (error) {
    const detail = error instanceof KeysUnavailable ? error.message : 'its keys could not be read';
    return {
      what,
      result: 'problem',
      detail,
      fix: 'until this is mended the hub believes none of its tokens, but with keys that it still knows',
    };
  }
}
