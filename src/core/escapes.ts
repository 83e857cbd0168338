/**
 * One layer of percent-encoding taken off. Bytes that are no UTF-8 stand for themselves, as in Latin-1; `%u0074` is an
 * old form of Microsoft's.
 */
export function withoutPercents(text: string): string {
  const wide = text.replace(/%u([0-9a-f]{4})/gi, (_escape, hex: string) => fromHex(hex));
  return wide.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes.replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) => fromHex(hex));
    }
  });
}

/** One layer of the escapes of JSON and JavaScript taken off; what stands for a control character becomes a blank. */
export function withoutBackslashes(text: string): string {
  return text.replace(
    /\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|([^]))/gi,
    (_escape, wide: string | undefined, narrow: string | undefined, one: string | undefined) =>
      one === undefined ? fromHex(wide ?? narrow ?? '') : /[bfnrtv0]/.test(one) ? ' ' : one,
  );
}

function fromHex(hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16));
}
