import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { EncryptionKey } from '../../../config/environment/readers.js';

/** A key of HUB_ENCRYPTION_KEYS. */
export interface SealingKey {
  /** Stands in the envelope, in clear. 1 to 64 of A-Z a-z 0-9 . _ - */
  readonly id: string;
  /** Exactly 32. */
  readonly bytes: Uint8Array;
}

/** As HUB_ENCRYPTION_KEYS has them. */
export function sealingKeys(keys: readonly EncryptionKey[]): readonly SealingKey[] {
  return keys.map(({ id, key }) => ({ id, bytes: Buffer.from(key.reveal(), 'base64') }));
}

/** What a sealed value belongs to. It opens nowhere else: not in another app's record, nor in an older version's. */
export interface SealedFor {
  readonly appid: string;
  readonly kind: string;
  readonly version: number;
}

const ALGORITHM = 'aes-256-gcm';
/** GCM's own size. Random for each sealing: 2^32 of them under one key are safe: 8 years of 5,000 apps. */
const IV_BYTES = 12;
const TAG_BYTES = 16;
const SEALED = 'gcm:';
const PLAIN = 'raw:';

/**
 * Writes values so that only who has a key reads them, and nobody moves or alters them unnoticed.
 *
 * - Without keys: `raw:<value>`. With keys: `gcm:<key id>:<base64url of iv, ciphertext, tag>`, under the first key.
 * - All keys open. With keys a `raw:` value does not: anybody who can write to Redis could have put it there. What was
 *   stored before there were keys is fetched anew.
 */
export class Sealer {
  readonly #keys: ReadonlyMap<string, Uint8Array>;
  readonly #first: SealingKey | undefined;

  constructor(keys: readonly SealingKey[]) {
    this.#first = keys[0];
    this.#keys = new Map(keys.map(({ id, bytes }) => [id, bytes]));
  }

  seal(value: string, owner: SealedFor): string {
    if (this.#first === undefined) return PLAIN + value;
    const { id, bytes } = this.#first;
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, bytes, iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(associatedData(owner));
    const parts = [iv, cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()];
    return `${SEALED}${id}:${Buffer.concat(parts).toString('base64url')}`;
  }

  /** `undefined`: altered, of another owner, under a key that is not here, unsealed, or no envelope. Never throws. */
  open(envelope: string, owner: SealedFor): string | undefined {
    if (envelope.startsWith(PLAIN)) {
      return this.#first === undefined ? envelope.slice(PLAIN.length) : undefined;
    }
    const [, id, text] = /^gcm:([^:]+):([A-Za-z0-9_-]+)$/.exec(envelope) ?? [];
    const key = id === undefined ? undefined : this.#keys.get(id);
    if (key === undefined || text === undefined) return undefined;
    const sealed = Buffer.from(text, 'base64url');
    // A last character with spare bits set decodes to the same bytes: only the one spelling is taken.
    if (sealed.length < IV_BYTES + TAG_BYTES || sealed.toString('base64url') !== text) return undefined;
    try {
      const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, IV_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(associatedData(owner));
      decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
      const clear = decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES));
      return Buffer.concat([clear, decipher.final()]).toString('utf8');
    } catch {
      return undefined;
    }
  }

  /** A message to the other replicas, so that they know whom it comes from. Without keys as it is. */
  sign(text: string): string {
    if (this.#first === undefined) return text;
    const { id, bytes } = this.#first;
    return `${id}:${macOf(bytes, text)}:${text}`;
  }

  /** The message of one who has a key; without keys anybody's. `undefined`: of nobody who may speak. Never throws. */
  verify(message: string): string | undefined {
    if (this.#first === undefined) return message;
    const [, id, mac, text] = /^([^:]{1,64}):([A-Za-z0-9_-]{22}):(.*)$/s.exec(message) ?? [];
    const key = id === undefined ? undefined : this.#keys.get(id);
    if (key === undefined || mac === undefined || text === undefined) return undefined;
    return timingSafeEqual(Buffer.from(mac), Buffer.from(macOf(key, text))) ? text : undefined;
  }
}

/** The first half of SHA-256 under a key of its own, made of the sealing key. base64url. */
function macOf(key: Uint8Array, text: string): string {
  const messageKey = createHmac('sha256', key).update('wechat-token-hub|messages').digest();
  return createHmac('sha256', messageKey).update(text).digest().subarray(0, 16).toString('base64url');
}

/** Neither part holds a `|`: appids are of [A-Za-z0-9_-], kinds of a closed set. */
function associatedData({ appid, kind, version }: SealedFor): Buffer {
  return Buffer.from(`wechat-token-hub|1|${appid}|${kind}|${version}`, 'utf8');
}
