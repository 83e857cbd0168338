import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';

/** How far something is unpacked. */
interface Limits {
  /** What becomes larger is not looked into at all. Bytes. */
  readonly most: number;
  /** Trap: 100 bytes of brotli cost 20 ms whatever the limit, as it fills its window before it gives a byte away. */
  readonly brotli: boolean;
}

/**
 * Of a request, which its sender makes as expensive as can be: everybody waits while it is unpacked and looked through.
 * Brotli is refused before (key-check.ts).
 */
export const OF_REQUEST: Limits = { most: 256 * 1024, brotli: false };
/** Of an answer. What is looked for stands within the first 64 KiB. */
export const OF_ANSWER: Limits = { most: 1024 * 1024, brotli: true };

/** Something packed in something packed in something packed. */
const MOST_LAYERS = 3;

const NOTHING: readonly Buffer[] = [];

/** Whether these first bytes are those of gzip or zlib. */
export function looksPacked(bytes: Uint8Array): boolean {
  return isGzip(bytes) || isZlib(bytes);
}

/** Whether a `content-encoding` names any coding at all. What it names is not believed. */
export function saysPacked(contentEncoding: string | undefined): boolean {
  return contentEncoding !== undefined && !/^[\s,]*(?:identity[\s,]*)*$/i.test(contentEncoding);
}

/**
 * What the beginning of a body may mean, unpacked: by its bytes, and where these say nothing by whatever can be made of
 * it. A label says only that it is packed at all: servers say `deflate` of raw deflate, and of gzip. The bytes may break off.
 *
 * @returns nothing for what is not packed, or cannot be unpacked
 */
export function unpackings(
  bytes: Buffer,
  contentEncoding: string | undefined,
  limits: Limits,
): readonly Buffer[] {
  // Nearly always.
  if (!looksPacked(bytes) && !saysPacked(contentEncoding)) return NOTHING;
  const all: Buffer[] = [];
  let current = [bytes];
  for (let layer = 0; layer < MOST_LAYERS && current.length > 0; layer += 1) {
    const isLabelled = layer === 0 && saysPacked(contentEncoding);
    current = current.flatMap((packed) => oneLayer(packed, isLabelled, limits));
    all.push(...current);
  }
  return all;
}

function oneLayer(bytes: Buffer, isLabelled: boolean, { most, brotli }: Limits): Buffer[] {
  const flushed = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: most };
  if (isGzip(bytes)) return attempt(() => gunzipSync(bytes, flushed));
  const asZlib = isZlib(bytes) ? attempt(() => inflateSync(bytes, flushed)) : [];
  if (asZlib.length > 0 || !isLabelled) return asZlib;
  const asRaw = attempt(() => inflateRawSync(bytes, flushed));
  if (!brotli) return asRaw;
  const ofBrotli = { finishFlush: constants.BROTLI_OPERATION_FLUSH, maxOutputLength: most };
  return [...asRaw, ...attempt(() => brotliDecompressSync(bytes, ofBrotli))];
}

function attempt(unpack: () => Buffer): Buffer[] {
  try {
    const unpacked = unpack();
    return unpacked.length > 0 ? [unpacked] : [];
  } catch {
    return [];
  }
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** RFC 1950: method 8, and a checksum over the two bytes. */
function isZlib(bytes: Uint8Array): boolean {
  const [first = 0, second = 0] = bytes;
  return (first & 0x0f) === 8 && first <= 0x78 && ((first << 8) | second) % 31 === 0;
}
