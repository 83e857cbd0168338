/**
 * IP addresses as text, read strictly and written canonically.
 *
 * Strict, since what is read here decides who gets in: one spelling that two programs read differently (`010.0.0.1`
 * is 8.0.0.1 to some) is a hole. So IPv4 is four decimals without leading zeros, IPv6 is RFC 4291 section 2.2, and
 * nothing else is an address: no zone id, port, brackets, space or shorthand such as `10.1`.
 */

export type Family = 4 | 6;

/** The bits of an address, most significant word first, each an unsigned 32-bit integer. IPv4: `w3` alone, the others 0. */
export interface Words {
  readonly family: Family;
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;
}

/** Characters of the longest address there is: six full groups and an embedded IPv4 address. */
const MAX_TEXT = 45;

const ZERO = 0x30;
const COLON = 0x3a;
const DOT = 0x2e;

/** IPv4 or IPv6 as written; an IPv4-mapped IPv6 address stays one here. */
export function readIp(text: string): Words | undefined {
  if (text.length < 2 || text.length > MAX_TEXT) return undefined;
  if (text.includes(':')) return readIpv6(text);
  const bits = readIpv4(text, 0);
  return bits === undefined ? undefined : { family: 4, w0: 0, w1: 0, w2: 0, w3: bits };
}

/** The IPv4 address that takes up all of `text` from `start` on, as an unsigned 32-bit integer. */
function readIpv4(text: string, start: number): number | undefined {
  let bits = 0;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (digits === 0 || ++dots > 3) return undefined;
      bits = bits * 256 + octet;
      octet = 0;
      digits = 0;
      continue;
    }
    const digit = code - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    if (digits > 0 && octet === 0) return undefined; // A leading zero: octal to some readers.
    octet = octet * 10 + digit;
    digits++;
    if (octet > 255) return undefined;
  }
  return dots === 3 && digits > 0 ? bits * 256 + octet : undefined;
}

function readIpv6(text: string): Words | undefined {
  const groups: number[] = [];
  /** How many groups stand before `::`; -1 where there is none. */
  let gap = -1;
  let i = 0;
  if (text.startsWith('::')) {
    gap = 0;
    i = 2;
  }
  while (i < text.length) {
    const start = i;
    let group = 0;
    for (; i < text.length && i - start < 4; i++) {
      const digit = hexDigit(text.charCodeAt(i));
      if (digit < 0) break;
      group = group * 16 + digit;
    }
    if (i === start) return undefined;
    if (text.charCodeAt(i) === DOT) {
      const bits = readIpv4(text, start);
      if (bits === undefined) return undefined;
      groups.push(bits >>> 16, bits & 0xffff);
      break;
    }
    groups.push(group);
    if (i === text.length) break;
    if (text.charCodeAt(i) !== COLON || groups.length > 8) return undefined;
    i++;
    if (i === text.length) return undefined;
    if (text.charCodeAt(i) === COLON) {
      if (gap >= 0) return undefined;
      gap = groups.length;
      i++;
    }
  }
  // `::` stands for at least one group.
  if (gap < 0 ? groups.length !== 8 : groups.length > 7) return undefined;
  if (gap >= 0) groups.splice(gap, 0, ...ZEROS.slice(groups.length));
  const word = (index: number) => (groups[index] ?? 0) * 0x10000 + (groups[index + 1] ?? 0);
  return { family: 6, w0: word(0), w1: word(2), w2: word(4), w3: word(6) };
}

const ZEROS: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0];

/** 0..15, or -1 for anything that is no hex digit (`NaN` past the end of the text included). */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Whether the bits are an IPv4-mapped address, ::ffff:0:0/96 (RFC 4291 section 2.5.5.2). */
export function isIpv4Mapped({ family, w0, w1, w2 }: Words): boolean {
  return family === 6 && w0 === 0 && w1 === 0 && w2 === 0xffff;
}

/** The one spelling of an address: dotted decimal, or RFC 5952 without the mixed notation of its section 5. */
export function writeIp({ family, w0, w1, w2, w3 }: Words): string {
  if (family === 4) return `${w3 >>> 24}.${(w3 >>> 16) & 255}.${(w3 >>> 8) & 255}.${w3 & 255}`;
  const groups = [w0, w1, w2, w3].flatMap((word) => [word >>> 16, word & 0xffff]);
  const { start, length } = longestZeros(groups);
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':');
  // Section 4.2.2: a single zero group is never shortened.
  if (length < 2) return hex(groups);
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

/** The longest run of zero groups, the first of equal ones (RFC 5952 section 4.2.3). */
function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  groups.forEach((group, index) => {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  });
  return best;
}
