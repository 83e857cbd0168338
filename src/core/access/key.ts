/**
 * What a client's key looks like.
 *
 * Any 32 to 128 characters of `[A-Za-z0-9_-]` are a key. Keys that the hub makes are 50 characters:
 *
 *     wxh_ | 40 random base62 characters (238 bits) | 6 base62 characters of checksum
 *
 * The checksum is the CRC-32 of the first 44 characters (the prefix included, as ASCII bytes) as a number in base62,
 * most significant digit first, padded on the left with `0` to 6 digits (62^6 > 2^32). Digits in order: `0-9 A-Z a-z`.
 * It lets a typo, a cut-off paste or a made-up key be refused without a look-up, and lets scanners of leaked secrets
 * tell keys from look-alikes; it protects nothing, and anybody can compute it.
 */
export const KEY_PREFIX = 'wxh_';

/** Base62, digits in order of their value. */
export const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Random characters of a key that the hub makes. */
export const KEY_RANDOM_LENGTH = 40;

const CHECKSUM_LENGTH = 6;
const CHECKED_LENGTH = KEY_PREFIX.length + KEY_RANDOM_LENGTH;

const KEY_FORM = /^[A-Za-z0-9_-]{32,128}$/;
const HUB_MADE_FORM = /^wxh_[A-Za-z0-9]{46}$/;
const RANDOM_FORM = /^[A-Za-z0-9]{40}$/;

/** Whether a client could have such a key at all. A hub-made one must also pass {@link hasValidChecksum}. */
export function hasValidForm(key: string): boolean {
  return KEY_FORM.test(key);
}

/**
 * Whether the key's checksum is right. Only keys that begin with `wxh_` have one: true for all others, and false for
 * one that begins so but has another length or other characters than the hub would make.
 */
export function hasValidChecksum(key: string): boolean {
  if (!key.startsWith(KEY_PREFIX)) return true;
  return HUB_MADE_FORM.test(key) && key.endsWith(checksumOf(key.slice(0, CHECKED_LENGTH)));
}

/** The 6 characters that follow `checked`, which is `wxh_` and the 40 random characters. */
export function checksumOf(checked: string): string {
  let rest = crc32(checked);
  let digits = '';
  for (let i = 0; i < CHECKSUM_LENGTH; i++) {
    digits = BASE62.charAt(rest % 62) + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}

/**
 * A key of the hub's own making.
 *
 * @param random40 40 base62 characters, each drawn independently and uniformly from a cryptographic source.
 * @throws RangeError if it is anything else: a bug of the caller.
 */
export function composeKey(random40: string): string {
  if (!RANDOM_FORM.test(random40)) {
    throw new RangeError(`a key is made of ${KEY_RANDOM_LENGTH} base62 characters`);
  }
  const checked = KEY_PREFIX + random40;
  return checked + checksumOf(checked);
}

/** `none`: no such header. `malformed`: there is one, but no key in it that a client could have. */
export type PresentedKey = 'none' | 'malformed' | { readonly key: string };

/** RFC 9110 section 11.4: the scheme in any case, then one or more spaces, then the key. */
const BEARER = /^bearer +([A-Za-z0-9_-]{32,128})$/i;

/**
 * The key in an `Authorization` header, not yet looked up and its checksum not yet checked.
 *
 * Another scheme, an empty value or a key of wrong form are `malformed` and not `none`: who presents something means
 * to be known by it, and must not slip through as a client that is known by its address.
 */
export function parseBearer(authorization: string | undefined): PresentedKey {
  if (authorization === undefined) return 'none';
  const key = BEARER.exec(authorization)?.[1];
  return key === undefined ? 'malformed' : { key };
}

/**
 * CRC-32 of ASCII text, an unsigned 32-bit integer: the polynomial 0x04C11DB7 of IEEE 802.3, reflected 0xEDB88320, as
 * in gzip (RFC 1952 section 8), zlib and PNG; initial value and final XOR 0xFFFFFFFF.
 */
export function crc32(ascii: string): number {
  let crc = 0xffffffff;
  for (let i = 0; i < ascii.length; i++) {
    crc ^= ascii.charCodeAt(i);
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
