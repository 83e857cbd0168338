import { isIpv4Mapped, readIp, writeIp, type Family, type Words } from './ip-text.js';

/**
 * An IP address. An IPv4-mapped IPv6 address (`::ffff:10.0.0.1`, also `::ffff:a00:1`) *is* its IPv4 address here,
 * so that a dual-stack listener, which reports IPv4 callers in that form, changes no rule.
 */
export class Address implements Words {
  /** The one spelling of it (IPv6: RFC 5952): equal addresses have equal texts. */
  readonly text: string;
  readonly family: Family;
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;

  private constructor(words: Words) {
    this.family = words.family;
    this.w0 = words.w0;
    this.w1 = words.w1;
    this.w2 = words.w2;
    this.w3 = words.w3;
    this.text = writeIp(words);
  }

  static of(words: Words): Address {
    return new Address(isIpv4Mapped(words) ? { family: 4, w0: 0, w1: 0, w2: 0, w3: words.w3 } : words);
  }
}

/** Strict: see ip-text.ts. No zone id, no port, no spaces. */
export function parseAddress(text: string): Address | undefined {
  const words = readIp(text);
  return words === undefined ? undefined : Address.of(words);
}

/**
 * The remote address of a socket as Node gives it. Its zone id (`fe80::1%eth0`) says by which interface the packet
 * came: the kernel wrote it, no caller did, and rules do not speak of interfaces, so it is dropped.
 */
export function parseSocketAddress(text: string): Address | undefined {
  const zone = text.indexOf('%');
  return parseAddress(zone < 0 ? text : text.slice(0, zone));
}

/**
 * A name for the block of addresses that one party is assumed to hold: IPv4 the address itself, IPv6 its /64, the
 * least that a site is given (RFC 6177), so that a caller cannot get a fresh count with each of its 2^64 addresses.
 */
export function blockOf(address: Address): string {
  return address.family === 4
    ? address.text
    : `${writeIp({ family: 6, w0: address.w0, w1: address.w1, w2: 0, w3: 0 })}/64`;
}

/** What is wrong with one entry of a list. */
export interface BadRange {
  /** Its place in the list, from 0. */
  readonly index: number;
  readonly text: string;
  /** What to write instead, for the operator. */
  readonly hint: string;
}

export type AddressSetResult =
  { readonly ok: true; readonly set: AddressSet } | { readonly ok: false; readonly bad: readonly BadRange[] };

/**
 * Reads a list of addresses and CIDRs; all problems at once.
 *
 * - Host bits are accepted and masked: `10.1.2.3/8` is `10.0.0.0/8`.
 * - `::ffff:10.0.0.0/104` is `10.0.0.0/8`. Every other IPv6 range holds IPv6 addresses only: `::/0` no IPv4 one.
 * - An entry twice, or inside another one, is fine.
 */
export function parseAddressSet(ranges: readonly string[]): AddressSetResult {
  const parsed: Range[] = [];
  const bad: BadRange[] = [];
  ranges.forEach((text, index) => {
    const range = parseRange(text);
    if (typeof range === 'string') bad.push({ index, text, hint: range });
    else parsed.push(range);
  });
  return bad.length > 0 ? { ok: false, bad } : { ok: true, set: AddressSet.of(parsed) };
}

/** A CIDR, as its first and its last address. */
interface Range {
  readonly text: string;
  readonly first: Words;
  readonly last: Words;
  /** Bits of the prefix in its own family: 0..32 or 0..128. */
  readonly prefix: number;
}

const DECIMAL = /^(?:0|[1-9][0-9]{0,2})$/;

/** The range, or the hint that says what is wrong. */
function parseRange(text: string): Range | string {
  const slash = text.indexOf('/');
  const base = readIp(slash < 0 ? text : text.slice(0, slash));
  if (base === undefined) return hintFor(text);
  const written = slash < 0 ? undefined : text.slice(slash + 1);
  const bits = base.family === 4 ? 32 : 128;
  if (written !== undefined && (!DECIMAL.test(written) || Number(written) > bits)) {
    return `what follows "/" must be a whole number from 0 to ${bits}, without leading zeros`;
  }
  const prefix = written === undefined ? bits : Number(written);
  if (!isIpv4Mapped(base)) return rangeOf(base, prefix);
  if (prefix < 96) return 'an IPv4-mapped range needs a prefix of 96 or more; write it as an IPv4 range';
  return rangeOf({ family: 4, w0: 0, w1: 0, w2: 0, w3: base.w3 }, prefix - 96);
}

function hintFor(text: string): string {
  if (text === '') return 'it is empty; leave it out';
  if (/\s/.test(text)) return 'it contains white space';
  if (text.includes('%')) return 'zone ids (%…) are not part of an address here; leave it out';
  if (/^\[|\]|^[0-9.]+:[0-9]+$/.test(text)) return 'write the address alone, without brackets or port';
  if (/^[0-9./]+$/.test(text)) {
    return 'an IPv4 address is four numbers from 0 to 255 without leading zeros, e.g. 10.0.0.0/8';
  }
  if (/^[0-9a-f:./]+$/i.test(text)) return 'not an IPv6 address or range, e.g. 2001:db8::/32';
  return 'only IP addresses and CIDR ranges are possible, no host names';
}

function rangeOf(base: Words, prefix: number): Range {
  const bits = base.family === 4 ? 32 : 128;
  const ahead = base.family === 4 ? prefix + 96 : prefix;
  const mask = (index: number) => maskOf(ahead - 32 * index);
  const first: Words = {
    family: base.family,
    w0: (base.w0 & mask(0)) >>> 0,
    w1: (base.w1 & mask(1)) >>> 0,
    w2: (base.w2 & mask(2)) >>> 0,
    w3: (base.w3 & mask(3)) >>> 0,
  };
  const last: Words = {
    family: base.family,
    w0: (first.w0 | ~mask(0)) >>> 0,
    w1: (first.w1 | ~mask(1)) >>> 0,
    w2: (first.w2 | ~mask(2)) >>> 0,
    w3: (first.w3 | ~mask(3)) >>> 0,
  };
  return { text: prefix === bits ? writeIp(first) : `${writeIp(first)}/${prefix}`, first, last, prefix };
}

/** A mask of the word in which `bits` of the prefix are left: 0 or less masks all, 32 or more nothing. */
function maskOf(bits: number): number {
  // A shift by 32 is a shift by 0 in JavaScript.
  if (bits <= 0) return 0;
  return bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0;
}

/** A set of addresses, made of CIDRs. */
export class AddressSet {
  static readonly EMPTY: AddressSet = AddressSet.of([]);

  /** As written, in the order written, but canonical and each once: `10.0.0.0/8`, `192.0.2.1`, `2001:db8::/32`. */
  readonly ranges: readonly string[];
  /**
   * Whether the set holds all of IPv4 or all of IPv6, be it by `0.0.0.0/0` or by two halves. To trust such a set as
   * proxies is to let every caller choose its address.
   */
  readonly isEverything: boolean;
  /** First and last of each IPv4 range, ascending and disjoint. */
  readonly #v4: Uint32Array;
  /** Four words of the first and four of the last address of each IPv6 range, ascending and disjoint. */
  readonly #v6: Uint32Array;

  private constructor(ranges: readonly Range[]) {
    const v4 = outermost(ranges.filter(({ first }) => first.family === 4));
    const v6 = outermost(ranges.filter(({ first }) => first.family === 6));
    this.ranges = [...new Set(ranges.map(({ text }) => text))];
    this.isEverything = share(v4) === 1 || share(v6) === 1;
    this.#v4 = Uint32Array.from(v4.flatMap(({ first, last }) => [first.w3, last.w3]));
    this.#v6 = Uint32Array.from(
      v6.flatMap(({ first: f, last: l }) => [f.w0, f.w1, f.w2, f.w3, l.w0, l.w1, l.w2, l.w3]),
    );
  }

  /** For {@link parseAddressSet}. */
  static of(ranges: readonly Range[]): AddressSet {
    return new AddressSet(ranges);
  }

  /** A binary search: the last range that does not begin behind the address is the only one that can hold it. */
  has(address: Address): boolean {
    return address.family === 4 ? this.#has4(address.w3) : this.#has6(address);
  }

  #has4(bits: number): boolean {
    const table = this.#v4;
    let low = 0;
    let high = table.length / 2;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((table[middle * 2] ?? 0) <= bits) low = middle + 1;
      else high = middle;
    }
    return low > 0 && bits <= (table[low * 2 - 1] ?? -1);
  }

  #has6(address: Address): boolean {
    const table = this.#v6;
    let low = 0;
    let high = table.length / 8;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareAt(table, middle * 8, address) <= 0) low = middle + 1;
      else high = middle;
    }
    return low > 0 && compareAt(table, low * 8 - 4, address) >= 0;
  }
}

/** The sign of (the four words of `table` at `at`) - `address`. */
function compareAt(table: Uint32Array, at: number, address: Words): number {
  return (
    (table[at] ?? 0) - address.w0 ||
    (table[at + 1] ?? 0) - address.w1 ||
    (table[at + 2] ?? 0) - address.w2 ||
    (table[at + 3] ?? 0) - address.w3
  );
}

function compare(a: Words, b: Words): number {
  return a.w0 - b.w0 || a.w1 - b.w1 || a.w2 - b.w2 || a.w3 - b.w3;
}

/** Ascending, without those that lie inside another one: CIDRs are nested or disjoint, never overlapping. */
function outermost(ranges: readonly Range[]): Range[] {
  const kept: Range[] = [];
  for (const range of ranges.toSorted((a, b) => compare(a.first, b.first) || a.prefix - b.prefix)) {
    const before = kept.at(-1);
    if (before === undefined || compare(range.first, before.last) > 0) kept.push(range);
  }
  return kept;
}

/** The share of all addresses of their family that disjoint ranges hold: 0..1. */
function share(ranges: readonly Range[]): number {
  // Powers of two: the sum is exact but for sets that lack less than 2^-53 of all.
  return ranges.reduce((sum, { prefix }) => sum + 2 ** -prefix, 0);
}
