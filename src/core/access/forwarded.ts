import { parseAddress, parseSocketAddress, type Address, type AddressSet } from './address.js';

/**
 * How far a chain of proxies is followed. Real ones have one to five; the bound keeps a header made of thousands of
 * commas from costing anything.
 */
export const MAX_FORWARDED_ELEMENTS = 64;

/** Characters of the longest element: an IPv6 address of 45, brackets, a colon, a port of 5 digits. */
const MAX_ELEMENT = 53;

/**
 * Whose request this is.
 *
 * Each proxy appends to `X-Forwarded-For` the address that it was called from. So from right to left the header is as
 * true as the proxy that wrote the entry, and the first entry that a proxy of ours did not vouch for is the end:
 *
 * - socket not in `trusted`: the socket's address; the header is not looked at;
 * - otherwise from right to left as long as the entry is a trusted proxy itself; the first that is not is the caller;
 * - all of them trusted: the leftmost, that is where the request began;
 * - no entries: the proxy itself;
 * - where an entry is needed, but it is no address: `undefined`, an unknown caller that fits no address rule. Never
 *   the proxy's own address, which may well be one that rules admit.
 *
 * What stands left of the caller's entry was written by the caller and is not even read. `Forwarded`, `X-Real-IP` and
 * the like never matter: two headers that say the same thing are one more way to make the hub see what a proxy did not.
 *
 * @param xForwardedFor The field's value; several fields joined by commas in the order of their arrival, as Node does.
 */
export function callerAddress(
  socketAddress: string,
  xForwardedFor: string | undefined,
  trusted: AddressSet,
): Address | undefined {
  const socket = parseSocketAddress(socketAddress);
  if (socket === undefined || xForwardedFor === undefined || !trusted.has(socket)) return socket;
  const forwarded = forwardedCaller(xForwardedFor, trusted);
  return forwarded === 'no_entries' ? socket : forwarded;
}

/**
 * The part of {@link callerAddress} behind a trusted socket: what the header says, whichever trusted proxy sent it.
 * `undefined`: nothing usable where an address is needed.
 */
export function forwardedCaller(
  xForwardedFor: string,
  trusted: AddressSet,
): Address | 'no_entries' | undefined {
  let leftmost: Address | 'no_entries' = 'no_entries';
  let end = xForwardedFor.length;
  for (let elements = 0; end >= 0; elements++) {
    if (elements === MAX_FORWARDED_ELEMENTS) return undefined;
    // `lastIndexOf` takes a negative position for 0: it would find a comma at the start again and again.
    const comma = end === 0 ? -1 : xForwardedFor.lastIndexOf(',', end - 1);
    const element = trimmed(xForwardedFor, comma + 1, end);
    end = comma;
    // RFC 9110 section 5.6.1.2: a recipient ignores empty list elements.
    if (element === '') continue;
    const address = element === undefined ? undefined : parseElement(element);
    if (address === undefined || !trusted.has(address)) return address;
    leftmost = address;
  }
  return leftmost;
}

/** Without the optional white space (RFC 9110 section 5.6.3) around it; `undefined` if it is too long to be one. */
function trimmed(text: string, start: number, end: number): string | undefined {
  while (start < end && isSpaceOrTab(text.charCodeAt(start))) start++;
  while (end > start && isSpaceOrTab(text.charCodeAt(end - 1))) end--;
  return end - start > MAX_ELEMENT ? undefined : text.slice(start, end);
}

function isSpaceOrTab(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

const IPV4_AND_PORT = /^([0-9.]+):([0-9]{1,5})$/;
const BRACKETED = /^\[([^\]]+)\](?::([0-9]{1,5}))?$/;
const MAX_PORT = 65535;

/** `192.0.2.1`, `192.0.2.1:567`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:443`. */
function parseElement(element: string): Address | undefined {
  const plain = parseAddress(element);
  if (plain !== undefined) return plain;
  const bracketed = BRACKETED.exec(element);
  // Brackets are for IPv6 (RFC 3986 section 3.2.2).
  if (bracketed?.[1]?.includes(':') === false) return undefined;
  const match = bracketed ?? IPV4_AND_PORT.exec(element);
  if (match?.[1] === undefined || Number(match[2] ?? 0) > MAX_PORT) return undefined;
  return parseAddress(match[1]);
}
