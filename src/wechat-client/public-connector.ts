import { lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { isPublicAddress } from '../core/access/public-address.js';
import type { Secret } from '../core/secret.js';
import { attemptLimitMs, connectorFor } from './outbound.js';

/**
 * Connections to public addresses alone, for URLs that a tenant has the hub call: whatever a name resolves to at the
 * moment, nothing inside is called. What is judged is the very address that is connected to; a name that says another
 * thing when it is asked again gains nothing. Through a proxy the hub resolves the name itself and has the proxy connect
 * to the address.
 */
export function publicConnectorFor(limitMs: number, proxyUrl: Secret | undefined): buildConnector.connector {
  if (proxyUrl !== undefined) return throughProxy(connectorFor(limitMs, proxyUrl));
  const direct = buildConnector({
    timeout: limitMs,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: attemptLimitMs(limitMs),
    lookup: publicLookup,
  });
  return (options, callback) => {
    const host = bare(options.hostname);
    // Of an address nothing is looked up.
    if (isIP(host) !== 0 && !isPublicAddress(host)) callback(notPublic(), null);
    else direct(options, callback);
  };
}

function throughProxy(proxied: buildConnector.connector): buildConnector.connector {
  return (options, callback) => {
    const host = bare(options.hostname);
    publicLookup(host, { all: false }, (error, address) => {
      if (error !== null || typeof address !== 'string') callback(error ?? notPublic(), null);
      else proxied({ ...options, hostname: address, servername: options.servername ?? host }, callback);
    });
  };
}

/** As Node's, without the addresses that are not public. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, found) => {
    const [first, ...others] = error === null ? found.filter(({ address }) => isPublicAddress(address)) : [];
    if (first === undefined) callback(error ?? notPublic(), '', 0);
    else if (options.all === true) callback(null, [first, ...others]);
    else callback(null, first.address, first.family);
  });
};

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

function notPublic(): NodeJS.ErrnoException {
  return Object.assign(new Error('the name leads to no public address'), { code: 'ADDRESS_NOT_PUBLIC' });
}
