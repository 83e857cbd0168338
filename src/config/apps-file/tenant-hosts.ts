import { parseAddress } from '../../core/access/address.js';
import { isPublicAddress } from '../../core/access/public-address.js';

/** Whether `tenantHosts` name the host of the URL, alone (any port) or with its port. */
export function isNamedHost(url: string, tenantHosts: readonly string[]): boolean {
  const { hostname, port, protocol } = new URL(url);
  const withPort = `${hostname}:${port === '' ? (protocol === 'https:' ? '443' : '80') : port}`;
  return tenantHosts.some((named) => [hostname, withPort].includes(named.toLowerCase()));
}

/** Whether the URL itself shows that it leads inside. Of a name its addresses decide, when it is called. */
export function isInsideHost(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  const address = parseAddress(host);
  return address !== undefined && !isPublicAddress(address.text);
}
