/**
 * So many letters and digits in a row that a secret has too are taken for a part of it. Shorter ones would be words; a
 * secret of 32 characters of which 11 are known is one still.
 */
const SHORTEST_PART = 12;

/**
 * A run that no message has but one that quotes a token or a key, in whatever coding: long, and with letters and digits.
 * Those are looked for in the run that was found: looked ahead for, a long run without is read from each character anew.
 */
const LONG_RUN = /[A-Za-z0-9_+/=%-]{32,}/g;

/** Single characters with something between each: `s e c r e t`, `73:65:63`. */
const SPACED = /(?:\b(?:[A-Za-z0-9]|[0-9A-Fa-f]{2})[\s.,:;|_-]{1,2}){23,}(?:[A-Za-z0-9]|[0-9A-Fa-f]{2})\b/g;

/** Without what looks like a token or a key, whosever it is. */
export function blankTokenLike(text: string, put: string): string {
  return text
    .replace(LONG_RUN, (run) => (/[0-9]/.test(run) && /[A-Za-z]/.test(run) ? put : run))
    .replace(SPACED, put);
}

/**
 * Without the secrets, however they are spelt: in any case, with anything between their letters and digits, as
 * hexadecimal or Base64, and parts of them.
 */
export function blankSpellings(text: string, secrets: readonly string[], put: string): string {
  const parts = new Set(
    secrets.flatMap((secret) => [secret, hexOf(secret), base64Of(secret)]).flatMap(partsOf),
  );
  if (parts.size === 0) return text;
  const { letters, places } = lettersOf(text);
  let clean = '';
  let kept = 0;
  for (let at = 0; at + SHORTEST_PART <= letters.length; at += 1) {
    if (!parts.has(letters.slice(at, at + SHORTEST_PART))) continue;
    let end = at + SHORTEST_PART;
    while (end < letters.length && parts.has(letters.slice(end - SHORTEST_PART + 1, end + 1))) end += 1;
    clean += text.slice(kept, places[at]) + put;
    kept = (places[end - 1] ?? text.length) + 1;
    at = end - 1;
  }
  return clean + text.slice(kept);
}

function partsOf(spelling: string): string[] {
  const { letters } = lettersOf(spelling);
  return Array.from({ length: Math.max(0, letters.length - SHORTEST_PART + 1) }, (_, at) =>
    letters.slice(at, at + SHORTEST_PART),
  );
}

/** The letters and digits of a text, in lower case, and where each of them stands. */
function lettersOf(text: string): { readonly letters: string; readonly places: readonly number[] } {
  let letters = '';
  const places: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (!/[A-Za-z0-9]/.test(character)) continue;
    letters += character.toLowerCase();
    places.push(at);
  }
  return { letters, places };
}

function bytesOf(text: string): readonly number[] {
  return [...new TextEncoder().encode(text)];
}

function hexOf(text: string): string {
  return bytesOf(text)
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}

function base64Of(text: string): string {
  return btoa(String.fromCharCode(...bytesOf(text)));
}
