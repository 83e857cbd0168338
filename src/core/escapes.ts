/*
 * Escapes taken off what callers send. By hand, character by character: a pattern with a function per match takes 20 ms
 * for 64 KiB of backslashes, and every caller waits.
 */

const PERCENT = 0x25;
const BACKSLASH = 0x5c;
const SMALL_U = 0x75;
const SMALL_X = 0x78;
const BLANK = 0x20;
/** What stands behind a backslash for a control character: `\b \f \n \r \t \v \0`. */
const CONTROLS: ReadonlySet<number> = new Set([...'bfnrtv0'].map((letter) => letter.charCodeAt(0)));

/**
 * One layer of percent-encoding taken off. Bytes that are no UTF-8 stand for themselves, as in Latin-1; `%u0074` is an
 * old form of Microsoft's.
 */
export function withoutPercents(text: string): string {
  return withoutNarrow(withoutWide(text));
}

function withoutWide(text: string): string {
  if (!/%u/i.test(text)) return text;
  const plain = new Plain(text.length);
  for (let at = 0; at < text.length;) {
    const isWide = text.charCodeAt(at) === PERCENT && (text.charCodeAt(at + 1) | BLANK) === SMALL_U;
    const code = isWide ? fromHex(text, at + 2, 4) : -1;
    plain.push(code < 0 ? text.charCodeAt(at) : code);
    at += code < 0 ? 1 : 6;
  }
  return plain.text();
}

function withoutNarrow(text: string): string {
  const plain = new Plain(text.length);
  for (let at = 0; at < text.length;) {
    if (byteAt(text, at) < 0) {
      plain.push(text.charCodeAt(at));
      at += 1;
      continue;
    }
    const start = at;
    let isAscii = true;
    for (let byte = byteAt(text, at); byte >= 0; byte = byteAt(text, at)) {
      isAscii &&= byte < 0x80;
      at += 3;
    }
    const decoded = isAscii ? undefined : asUtf8(text.slice(start, at));
    if (decoded === undefined) for (let one = start; one < at; one += 3) plain.push(byteAt(text, one));
    else for (let one = 0; one < decoded.length; one += 1) plain.push(decoded.charCodeAt(one));
  }
  return plain.text();
}

/** One layer of the escapes of JSON and JavaScript taken off; what stands for a control character becomes a blank. */
export function withoutBackslashes(text: string): string {
  const plain = new Plain(text.length);
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at);
    if (code !== BACKSLASH || at + 1 === text.length) {
      plain.push(code);
      at += 1;
      continue;
    }
    const next = text.charCodeAt(at + 1);
    const digits = (next | BLANK) === SMALL_U ? 4 : (next | BLANK) === SMALL_X ? 2 : 0;
    const coded = digits === 0 ? -1 : fromHex(text, at + 2, digits);
    plain.push(coded >= 0 ? coded : CONTROLS.has(next) ? BLANK : next);
    at += coded >= 0 ? 2 + digits : 2;
  }
  return plain.text();
}

/** More arguments than that some engines do not take at once. */
const PIECE = 8192;

/** A text that is written character by character and is no longer than what it is made of. */
class Plain {
  readonly #codes: Uint16Array;
  #length = 0;

  constructor(most: number) {
    this.#codes = new Uint16Array(most);
  }

  push(code: number): void {
    this.#codes[this.#length] = code;
    this.#length += 1;
  }

  text(): string {
    const pieces: string[] = [];
    for (let at = 0; at < this.#length; at += PIECE) {
      const piece = this.#codes.subarray(at, Math.min(at + PIECE, this.#length));
      // Not spread: that goes through an iterator.
      pieces.push(String.fromCharCode.apply(undefined, piece as unknown as number[]));
    }
    // In one piece, as it is read character by character.
    return pieces.join('');
  }
}

/** The byte of `%hh` at this place; -1: there is none. */
function byteAt(text: string, at: number): number {
  return text.charCodeAt(at) === PERCENT ? fromHex(text, at + 1, 2) : -1;
}

function asUtf8(escapes: string): string | undefined {
  try {
    return decodeURIComponent(escapes);
  } catch {
    return undefined;
  }
}

/** So many hexadecimal digits from there on; -1 where one is none. */
function fromHex(text: string, from: number, digits: number): number {
  let value = 0;
  for (let at = from; at < from + digits; at += 1) {
    const digit = digitOf(text.charCodeAt(at));
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | BLANK;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
