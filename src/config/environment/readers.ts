import { isIP } from 'node:net';
import { isAbsolute } from 'node:path';
import { parseAddressSet, type AddressSet } from '../../core/access/address.js';
import { Secret } from '../../core/secret.js';
import { Unreadable } from './decorators.js';
import { proxyUrlFlaw } from './proxy-url.js';
import { redisUrlFlaw } from './redis-url.js';

export interface EncryptionKey {
  /** Stored beside what it encrypted. */
  readonly id: string;
  /** Base64 of exactly 32 bytes. */
  readonly key: Secret;
}

export const NO_ADDRESSES: AddressSet = addressSetOf([]);

function addressSetOf(ranges: readonly string[]): AddressSet {
  const parsed = parseAddressSet(ranges);
  if (!parsed.ok) throw new Error('not a list of addresses');
  return parsed.set;
}

/** Digits alone; anything else stays a text, which no rule for numbers lets pass. `1e3` and `0x10` are typos here. */
export function readNumber(text: string): number | string {
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : text;
}

export function readBoolean(text: string): boolean | string {
  if (text === 'true' || text === '1') return true;
  return text === 'false' || text === '0' ? false : text;
}

export function readPath(text: string): string | Unreadable {
  return text.trim() === '' || text.includes('\0') ? new Unreadable('must be the path of a file') : text;
}

export function readAuditLog(text: string): string | Unreadable {
  const isPlace = text === 'stdout' || text === 'off' || (isAbsolute(text) && !text.includes('\0'));
  return isPlace ? text : new Unreadable('must be stdout, off, or the absolute path of a file');
}

export function readHost(text: string): string | Unreadable {
  const isName = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/.test(text);
  return isIP(text) !== 0 || (isName && !/^[0-9.]+$/.test(text))
    ? text
    : new Unreadable(
        'must be an address or a host name to listen on, as in 0.0.0.0, :: or localhost (no port, no http://)',
      );
}

export function readBaseUrl(text: string): string | Unreadable {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    return new Unreadable('must be an http:// or https:// URL, as in https://api.weixin.qq.com');
  }
  if (url.username !== '' || url.password !== '')
    return new Unreadable('must not hold a user name or password');
  if (/[?#]/.test(text)) return new Unreadable('must not have a query or fragment (? or #)');
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

export function readRedisUrl(text: string): Secret | Unreadable {
  const flaw = redisUrlFlaw(text);
  return flaw === undefined ? new Secret(text) : new Unreadable(flaw);
}

export function readProxyUrl(text: string): Secret | Unreadable {
  const flaw = proxyUrlFlaw(text);
  return flaw === undefined ? new Secret(text) : new Unreadable(flaw);
}

/** Of a Redis user: ACL names have no white space. */
export function readUserName(text: string): string | Unreadable {
  return /^[^\s\p{C}]{1,256}$/u.test(text)
    ? text
    : new Unreadable('must be the name of a user, without white space');
}

export function readPassword(text: string): Secret | Unreadable {
  return /[\r\n\0]/.test(text) ? new Unreadable('must be one line') : new Secret(text);
}

/** People read it beside times and apps: one line, nothing that moves a cursor or turns the text around. */
export function readName(text: string): string | Unreadable {
  const isName = /^[^\p{C}\p{Z}]([^\p{C}\p{Zl}\p{Zp}]*[^\p{C}\p{Z}])?$/u.test(text) && [...text].length <= 64;
  return isName ? text : new Unreadable('must be 1 to 64 visible characters on one line, as in prod-sh');
}

/** Offsets (`+08:00`) are none: they know no summer time, and some versions of Node alone take them. */
export function readTimeZone(text: string): string | Unreadable {
  return /^[A-Za-z]/.test(text) && isTimeZone(text)
    ? text
    : new Unreadable('must be an IANA time zone, as in Asia/Shanghai or UTC');
}

function isTimeZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

export function readRedisPrefix(text: string): string | Unreadable {
  return /^[!-z|~]{1,64}$/.test(text)
    ? text
    : new Unreadable('must be 1 to 64 visible ASCII characters without { and } (as in wxhub:)');
}

export function readTrustedProxies(text: string): AddressSet | Unreadable {
  const ranges = text.split(',').map((range) => range.trim());
  const parsed = parseAddressSet(ranges);
  if (parsed.ok) return parsed.set;
  const details = parsed.bad.map(({ index, hint }) => `entry ${index + 1}: ${hint}`).join('; ');
  return new Unreadable(
    `must be a comma-separated list of CIDRs or addresses, as in 10.0.0.0/8 (${details})`,
  );
}

const KEY_FORM =
  'must be id:base64-of-32-bytes, more of them with commas between (make one: openssl rand -base64 32)';

/** Entries are named by their place: what stands before the colon may be the key, if someone forgot the id. */
export function readEncryptionKeys(text: string): readonly EncryptionKey[] | Unreadable {
  const flaws: string[] = [];
  const ids = new Set<string>();
  const keys = text.split(',').map((entry, index) => {
    const [id = '', key, ...rest] = entry.trim().split(':');
    const where = `entry ${index + 1}`;
    if (key === undefined || rest.length > 0) flaws.push(`${where} is not of the form id:key`);
    else if (!/^[A-Za-z0-9._-]{1,64}$/.test(id))
      flaws.push(`${where}: the id must be 1 to 64 of A-Z a-z 0-9 . _ -`);
    else if (!isBase64Of32Bytes(key)) flaws.push(`${where}: the key is not the base64 of 32 bytes`);
    else if (ids.has(id)) flaws.push(`${where} has the id of an entry before it`);
    ids.add(id);
    return { id, key: new Secret(key ?? '') };
  });
  return flaws.length === 0 ? keys : new Unreadable(`${KEY_FORM}: ${flaws.join('; ')}`);
}

/** Standard alphabet, with its padding; `Buffer.from` alone would skip what it cannot read. */
function isBase64Of32Bytes(text: string): boolean {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === 32 && bytes.toString('base64') === text;
}
