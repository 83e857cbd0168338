import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';

/** Of what is packed so much is unpacked at most; what is looked for stands within the first 64 KiB. */
const MOST_UNPACKED_BYTES = 4 * 1024 * 1024;
/** Something packed in something packed in something packed. */
const MOST_LAYERS = 3;

const NOTHING: readonly Buffer[] = [];
const FLUSHED = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MOST_UNPACKED_BYTES };
const FLUSHED_BROTLI = {
  finishFlush: constants.BROTLI_OPERATION_FLUSH,
  maxOutputLength: MOST_UNPACKED_BYTES,
};

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
export function unpackings(bytes: Buffer, contentEncoding: string | undefined): readonly Buffer[] {
  // Nearly always.
  if (!looksPacked(bytes) && !saysPacked(contentEncoding)) return NOTHING;
  const all: Buffer[] = [];
  let current = [bytes];
  for (let layer = 0; layer < MOST_LAYERS && current.length > 0; layer += 1) {
    current = current.flatMap((packed) => oneLayer(packed, layer === 0 && saysPacked(contentEncoding)));
    all.push(...current);
  }
  return all;
}

function oneLayer(bytes: Buffer, isLabelled: boolean): Buffer[] {
  if (isGzip(bytes)) return attempt(() => gunzipSync(bytes, FLUSHED));
  const asZlib = isZlib(bytes) ? attempt(() => inflateSync(bytes, FLUSHED)) : [];
  if (asZlib.length > 0 || !isLabelled) return asZlib;
  return [
    ...attempt(() => inflateRawSync(bytes, FLUSHED)),
    ...attempt(() => brotliDecompressSync(bytes, FLUSHED_BROTLI)),
  ];
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
