import { createDecipheriv, createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../core/secret.js';

/**
 * How WeChat signs and encrypts what it pushes to platforms (page "Technical_Plan", "消息加解密技术方案"):
 *
 *     signature = sha1hex(sorted([token, timestamp, nonce, encrypted]).join(''))
 *     encrypted = base64(AES-256-CBC(16 random bytes + length, 4 bytes big-endian + message + appid))
 *
 * with the first 16 bytes of the key for its IV, and PKCS#7 padding to blocks of 32 bytes.
 */

const RANDOM_BYTES = 16;
const LENGTH_BYTES = 4;
const BLOCK_BYTES = 32;

export interface SignedPush {
  readonly timestamp: string;
  readonly nonce: string;
  readonly encrypted: string;
  /** `msg_signature` of the query. */
  readonly signature: string;
}

export function signatureOf(
  token: Secret,
  { timestamp, nonce, encrypted }: Omit<SignedPush, 'signature'>,
): string {
  const parts = [token.reveal(), timestamp, nonce, encrypted].sort();
  return createHash('sha1').update(parts.join('')).digest('hex');
}

/** In constant time, whatever was guessed. */
export function isSigned(push: SignedPush, token: Secret): boolean {
  const expected = Buffer.from(signatureOf(token, push), 'latin1');
  const given = Buffer.from(push.signature, 'latin1');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** The message, by whichever of the keys opens it for this platform. `undefined`: none does. Never throws. */
export function decryptPush(
  encrypted: string,
  keys: readonly Secret[],
  platform: string,
): string | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encrypted)) return undefined;
  const sealed = Buffer.from(encrypted, 'base64');
  if (sealed.length === 0 || sealed.length % 16 !== 0) return undefined;
  for (const key of keys) {
    const message = openedBy(key, sealed, platform);
    if (message !== undefined) return message;
  }
  return undefined;
}

function openedBy(encodingKey: Secret, sealed: Buffer, platform: string): string | undefined {
  const key = Buffer.from(`${encodingKey.reveal()}=`, 'base64');
  if (key.length !== 32) return undefined;
  const decipher = createDecipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
  const padded = Buffer.concat([decipher.update(sealed), decipher.final()]);
  const plain = withoutPadding(padded);
  if (plain === undefined || plain.length < RANDOM_BYTES + LENGTH_BYTES) return undefined;
  const start = RANDOM_BYTES + LENGTH_BYTES;
  const end = start + plain.readUInt32BE(RANDOM_BYTES);
  if (end > plain.length || plain.toString('utf8', end) !== platform) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(plain.subarray(start, end));
  } catch {
    return undefined;
  }
}

function withoutPadding(padded: Buffer): Buffer | undefined {
  const length = padded.at(-1) ?? 0;
  if (length < 1 || length > BLOCK_BYTES || length > padded.length) return undefined;
  const padding = padded.subarray(-length);
  return padding.every((byte) => byte === length) ? padded.subarray(0, -length) : undefined;
}
