import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { SealingKey } from '../redis/seal.js';

/**
 * A state file is one sealed whole: a line in clear that says how to open it, then what is sealed, then the seal.
 *
 *     wechat-token-hub state 1 <key id> <iv> <bytes sealed>\n<ciphertext><tag>
 *
 * AES-256-GCM under the first key; the line is sealed with it. A file that lacks a byte, has one too many or another one
 * does not open, and it can be told why.
 */
const ALGORITHM = 'aes-256-gcm';
const MAGIC = 'wechat-token-hub state ';
const FORMAT = 1;
/** GCM's own size. Random for each file: 2^32 of them under one key are safe, a file each second for a century. */
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** The line is shorter than this, whatever it says. */
const LONGEST_LINE = 256;
const LINE = /^wechat-token-hub state 1 ([A-Za-z0-9._-]{1,64}) ([A-Za-z0-9_-]{16}) (\d{1,12})$/;

/** The pieces of a file, in their order; more of them than one so that nobody waits for a long step. */
export function* sealed(pieces: readonly Buffer[], { id, bytes }: SealingKey): Generator<Buffer> {
  const iv = randomBytes(IV_BYTES);
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const line = Buffer.from(`${MAGIC}${FORMAT} ${id} ${iv.toString('base64url')} ${length}\n`);
  const cipher = createCipheriv(ALGORITHM, bytes, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(line);
  yield line;
  for (const piece of pieces) yield cipher.update(piece);
  cipher.final();
  yield cipher.getAuthTag();
}

/** Why a file does not open; ends the sentence "HUB_STATE_FILE: <path> …". */
export type Flaw = string;

export type Opened =
  { readonly ok: true; readonly content: Buffer } | { readonly ok: false; readonly flaw: Flaw };

const RESTORE =
  'Nothing was changed. Put back a copy that is whole, or move the file away: then tokens are fetched anew, and authorisations come back from a copy or from WeChat alone';

/** Never throws. */
export function opened(file: Buffer, keys: readonly SealingKey[]): Opened {
  const start = file.subarray(0, LONGEST_LINE).toString('latin1');
  const isOurs = start.startsWith(MAGIC);
  if (!isOurs && !MAGIC.startsWith(start)) {
    return flawed(
      'is not a state file of this hub. Nothing was changed. Name another path, or move the file away',
    );
  }
  const end = start.indexOf('\n');
  if (!isOurs || end < 0) return flawed(`is torn: ${file.length} bytes are all there is. ${RESTORE}`);
  const line = start.slice(0, end);
  const [, keyId, iv, length] = LINE.exec(line) ?? [];
  if (keyId === undefined || iv === undefined) {
    const [version = ''] = /^\d+(?= )/.exec(line.slice(MAGIC.length)) ?? [];
    if (version !== '' && Number(version) > FORMAT)
      return flawed(
        'was written by a later version of the hub. Nothing was changed. Run that version, or a later one',
      );
    return flawed(`is damaged in its first line. ${RESTORE}`);
  }
  const expected = end + 1 + Number(length) + TAG_BYTES;
  if (file.length !== expected)
    return flawed(`is torn: it has ${file.length} bytes, and ${expected} were written. ${RESTORE}`);
  const key = keys.find(({ id }) => id === keyId);
  if (key === undefined)
    return flawed(
      `is encrypted with the key "${keyId}", which HUB_ENCRYPTION_KEYS does not have. Nothing was changed. Add that key behind the others`,
    );
  const content = decrypted(file, end + 1, iv, key.bytes);
  return content === undefined
    ? flawed(
        `does not open with the key "${keyId}": the file was altered, or the key is another one of that name. ${RESTORE}`,
      )
    : { ok: true, content };
}

function decrypted(file: Buffer, from: number, iv: string, key: Uint8Array): Buffer | undefined {
  try {
    const decipher = createDecipheriv(ALGORITHM, key, Buffer.from(iv, 'base64url'), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(file.subarray(0, from));
    decipher.setAuthTag(file.subarray(-TAG_BYTES));
    const content = decipher.update(file.subarray(from, -TAG_BYTES));
    decipher.final();
    return content;
  } catch {
    return undefined;
  }
}

function flawed(flaw: Flaw): Opened {
  return { ok: false, flaw };
}
