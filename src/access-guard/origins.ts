import { blockOf, parseSocketAddress, type Address, type AddressSet } from '../core/access/address.js';
import { BoundedMap } from '../core/access/bounded-map.js';
import type { Identification } from '../core/access/decision.js';
import { forwardedCaller } from '../core/access/forwarded.js';

/** Stands for the address of a caller whose proxy did not say where it calls from. No rule fits it. */
export const UNKNOWN_ADDRESS = 'unknown';

/** Where requests come from: one object per place, so that what follows from the place is worked out once. */
export class Origin {
  readonly address: Address | undefined;
  /** Canonical, or {@link UNKNOWN_ADDRESS}. */
  readonly text: string;
  /** By what requests and failed credentials are counted: IPv4 the address, IPv6 its /64. */
  readonly block: string;
  /** Who this is without a key; `undefined`: not asked since the configuration last changed. */
  keyless: Identification | undefined;

  constructor(address: Address | undefined) {
    this.address = address;
    this.text = address?.text ?? UNKNOWN_ADDRESS;
    this.block = address === undefined ? UNKNOWN_ADDRESS : blockOf(address);
  }
}

/** A socket's end: the origin itself, or a proxy that may speak for others. */
interface Peer {
  readonly origin: Origin;
  readonly isTrusted: boolean;
}

/** Each remembers so many texts: some MB at the very most. */
const REMEMBERED = 16_384;

/**
 * Characters of an `X-Forwarded-For` that is remembered: three IPv6 addresses. Longer ones are read each time, or
 * 16 KiB of nonsense, 16,384 times, would be 256 MiB.
 */
const MAX_REMEMBERED_HEADER = 128;

/** Finds the origin of a request, as core/access/forwarded.ts says, and remembers what it found. */
export class Origins {
  readonly #trusted: AddressSet;
  /** By the socket's address. */
  readonly #peers = new BoundedMap<string, Peer>(REMEMBERED);
  /** By `X-Forwarded-For`. What the header says does not depend on which trusted proxy sent it. */
  readonly #forwarded = new BoundedMap<string, Origin>(REMEMBERED);

  constructor(trusted: AddressSet) {
    this.#trusted = trusted;
  }

  of(socketAddress: string, xForwardedFor: string | undefined): Origin {
    let peer = this.#peers.get(socketAddress);
    if (peer === undefined) {
      const address = parseSocketAddress(socketAddress);
      peer = {
        origin: new Origin(address),
        isTrusted: address !== undefined && this.#trusted.has(address),
      };
      this.#peers.set(socketAddress, peer);
    }
    if (!peer.isTrusted || xForwardedFor === undefined) return peer.origin;
    return this.#forwardedOf(xForwardedFor, peer.origin);
  }

  /** For a new configuration: what was concluded from a place and the old one no longer holds. */
  clear(): void {
    this.#peers.clear();
    this.#forwarded.clear();
  }

  #forwardedOf(xForwardedFor: string, proxy: Origin): Origin {
    const isShort = xForwardedFor.length <= MAX_REMEMBERED_HEADER;
    const known = isShort ? this.#forwarded.get(xForwardedFor) : undefined;
    if (known !== undefined) return known;
    const address = forwardedCaller(xForwardedFor, this.#trusted);
    // Nothing to remember: an empty header is told at a glance, and means another origin for each proxy.
    if (address === 'no_entries') return proxy;
    const origin = new Origin(address);
    if (isShort) this.#forwarded.set(xForwardedFor, origin);
    return origin;
  }
}
