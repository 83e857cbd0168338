import { KEY_PREFIX } from './key.js';

/** Characters of a key; runs of them in a text are what could be one. */
const RUN = /[A-Za-z0-9_-]{32,}/g;
const LONGEST_KEY = 128;
/** Of a key that the hub made. */
const HUB_MADE_LENGTH = 50;
/** More layers of escapes than any server takes off. */
const MOST_LAYERS = 4;

/**
 * Everything in a text that could be a client's key: each run of a key's characters that is as long as a key, and what
 * begins as the hub's own keys do, wherever it stands. Escapes are read in every layer. A key of another form that is
 * glued to more of its own characters is not found: nothing tells where it begins.
 */
export function keysIn(text: string): readonly string[] {
  const found = new Set<string>();
  let layer = text;
  for (let nth = 0; nth < MOST_LAYERS; nth += 1) {
    for (const [run] of layer.matchAll(RUN)) {
      if (run.length <= LONGEST_KEY) found.add(run);
      for (let at = run.indexOf(KEY_PREFIX); at >= 0; at = run.indexOf(KEY_PREFIX, at + 1)) {
        found.add(run.slice(at, at + HUB_MADE_LENGTH));
      }
    }
    const next = layer.includes('%') ? unescaped(layer) : layer;
    if (next === layer) break;
    layer = next;
  }
  return [...found];
}

/** Escapes that are none stay as they are. */
function unescaped(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
