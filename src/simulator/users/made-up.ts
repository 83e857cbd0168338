/** Values of the real forms, plainly fakes: each holds the word SIMULATED. */

const URL_SAFE = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-';
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** The last digit of 16 bytes carries two bits only. */
const LAST_OF_16_BYTES = 'AQgw';

/** `start`, then random characters up to `length`. */
export function filled(start: string, length: number, random: () => number): string {
  let text = start;
  while (text.length < length) text += pick(URL_SAFE, random);
  return text;
}

/** 16 bytes in base64 (page "code2Session"): 24 characters. */
export function sessionKey(random: () => number): string {
  let text = 'SIMULATED+';
  while (text.length < 21) text += pick(BASE64, random);
  return `${text}${pick(LAST_OF_16_BYTES, random)}==`;
}

function pick(alphabet: string, random: () => number): string {
  return alphabet.charAt(Math.floor(random() * alphabet.length));
}
