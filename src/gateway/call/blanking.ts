/**
 * The second net for the token in use: should WeChat ever quote it, it is blanked in what goes back to the caller. As many
 * asterisks as it has characters: lengths and ranges stay true.
 */

/** CONTRACT, "Gateway": so much of a body is looked at. */
const LOOKED_AT_BYTES = 64 * 1024;
const ASTERISK = 0x2a;
const NOTHING = Buffer.alloc(0);

export function holdsAny(bytes: Buffer, secrets: readonly Buffer[]): boolean {
  return secrets.some((secret) => bytes.includes(secret));
}

/** The same bytes where none of the secrets is in them, else a copy without them. */
export function blanked(bytes: Buffer, secrets: readonly Buffer[]): Buffer {
  if (!holdsAny(bytes, secrets)) return bytes;
  const clean = Buffer.from(bytes);
  for (const secret of secrets) {
    for (let at = clean.indexOf(secret); at >= 0; at = clean.indexOf(secret, at)) {
      clean.fill(ASTERISK, at, at + secret.length);
    }
  }
  return clean;
}

/** A body as it streams. Only what may be the beginning of a secret waits for the next chunk. */
export class Blanking {
  #passed = 0;
  #waiting: Buffer = NOTHING;

  constructor(private readonly secrets: readonly Buffer[]) {}

  /** What of the body can go on now; may be empty. */
  next(chunk: Buffer): Buffer {
    if (this.#passed >= LOOKED_AT_BYTES && this.#waiting.length === 0) return chunk;
    const bytes = this.#waiting.length === 0 ? chunk : Buffer.concat([this.#waiting, chunk]);
    const clean = blanked(bytes, this.secrets);
    const whole = clean.length - this.#openEnd(clean);
    const isOver = this.#passed + whole >= LOOKED_AT_BYTES;
    const ready = isOver ? clean : clean.subarray(0, whole);
    this.#waiting = isOver ? NOTHING : clean.subarray(whole);
    this.#passed += ready.length;
    return ready;
  }

  /** The body has ended: what still waited. */
  rest(): Buffer {
    return this.#waiting;
  }

  /** How many of the last bytes may begin a secret that goes on. */
  #openEnd(bytes: Buffer): number {
    let longest = 0;
    for (const secret of this.secrets) {
      const most = Math.min(secret.length - 1, bytes.length);
      for (let length = most; length > longest; length -= 1) {
        if (bytes[bytes.length - length] !== secret[0]) continue;
        if (bytes.compare(secret, 0, length, bytes.length - length) === 0) longest = length;
      }
    }
    return longest;
  }
}
