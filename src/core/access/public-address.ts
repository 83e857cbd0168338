import { parseAddress, parseAddressSet, type AddressSet } from './address.js';

/**
 * Addresses that are no host of the public internet: private, of this machine or link (a cloud's metadata is there),
 * shared, multicast, for documentation, or ways to another address (6to4, Teredo).
 * https://www.iana.org/assignments/iana-ipv4-special-registry/, …/iana-ipv6-special-registry/
 */
const NOT_PUBLIC = setOf([
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15'],
  ...['198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
  ...['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'],
]);

/** Of IPv6 the part that is given to hosts. */
const GLOBAL_IPV6 = setOf(['2000::/3']);
const ALL_IPV4 = setOf(['0.0.0.0/0']);

/** Whether an address, as a text, is one of the public internet. What is no address is not. */
export function isPublicAddress(text: string): boolean {
  const address = parseAddress(text);
  if (address === undefined || NOT_PUBLIC.has(address)) return false;
  return ALL_IPV4.has(address) || GLOBAL_IPV6.has(address);
}

function setOf(ranges: readonly string[]): AddressSet {
  const parsed = parseAddressSet(ranges);
  if (!parsed.ok) throw new Error('not a list of addresses');
  return parsed.set;
}
