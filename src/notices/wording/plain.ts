/** Without what Markdown or a robot reads as markup, links or mentions. One line. */
export function plain(text: string): string {
  return text
    .replace(/[\s\p{C}]+/gu, ' ')
    .replace(/[<>]/g, (sign) => (sign === '<' ? '＜' : '＞'))
    .replace(/[[\]]/g, (sign) => (sign === '[' ? '［' : '］'))
    .replace(/[*`|\\~]/g, '')
    .replace(/@/g, '＠')
    .trim();
}

/** So much of what others say is repeated, characters. */
const LONGEST_WORDS = 120;
/** A scheme with whatever follows, and names with dots (of any script, in all dots that browsers take for one). */
const LINK = /[a-z][a-z0-9+.-]{0,20}:\/\/\S*/giu;
const HOST = /[\p{L}\p{N}_-]+(?:[.。．｡][\p{L}\p{N}_-]+)+\S*/gu;
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}[.,;:)]?$/;

/**
 * What others say (WeChat, Redis), for operators to read: nothing to click on and no host to go to. Whoever can make
 * the hub hear an error could otherwise write to those who hold the AppSecrets in its name. Addresses stay.
 */
export function foreign(text: string): string {
  const words = plain(text)
    .replace(LINK, '…')
    .replace(HOST, (host) => (IPV4.test(host) ? host : '…'));
  return words.length <= LONGEST_WORDS ? words : `${words.slice(0, LONGEST_WORDS)}…`;
}
