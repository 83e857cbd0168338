import { withoutBackslashes, withoutPercents } from '../escapes.js';
import { KEY_PREFIX } from './key.js';

/**
 * What in a text might be a hub key. Keys are known by their hashes alone, so strings of a key's form are looked for, and
 * the hub hashes them (access-guard/client-keys.ts): runs of 32 to 128 characters of `[A-Za-z0-9_-]`, as they are and with up to
 * {@link MOST_LAYERS} layers of escapes taken off (a URL in a URL, JSON in a string of JSON).
 */

const SHORTEST_KEY = 32;
const LONGEST_KEY = 128;
/** A key of the hub's making is found inside a longer run too, by its beginning. */
const HUB_MADE_LENGTH = 50;
const MOST_LAYERS = 4;

/** More than fit side by side into the longest body and head that are looked through: hashing them takes some 4 ms. */
export const MOST_CANDIDATES = 4096;

/** 1 for each character of a key, by its code. */
const IS_KEY_CHARACTER = Uint8Array.from({ length: 256 }, (_, code) =>
  /[A-Za-z0-9_-]/.test(String.fromCharCode(code)) ? 1 : 0,
);

/** Adds the candidates of a text to `found`. Stops when there are more than {@link MOST_CANDIDATES}. */
export function addCandidates(text: string, found: Set<string>): void {
  let layer = text;
  for (let taken = 0; layer.length >= SHORTEST_KEY; taken += 1) {
    addRuns(layer, found);
    if (taken === MOST_LAYERS || found.size > MOST_CANDIDATES) return;
    // JSON in UTF-16, read as bytes.
    let next = layer.includes('\0') ? layer.replaceAll('\0', '') : layer;
    if (next.includes('%')) next = withoutPercents(next);
    if (next.includes('\\')) {
      // A backslash that was escaped may stand between a key and what is glued to it without.
      if (next !== layer) addRuns(next, found);
      next = withoutBackslashes(next);
    }
    if (next === layer) return;
    layer = next;
  }
}

const REST_OF_RUN = /[A-Za-z0-9_-]*/y;

/** Looks at each 32nd character only: a run of 32 has one of them. */
function addRuns(text: string, found: Set<string>): void {
  let at = SHORTEST_KEY - 1;
  while (at < text.length) {
    if (!isKeyCharacter(text, at)) {
      at += SHORTEST_KEY;
      continue;
    }
    let start = at;
    while (isKeyCharacter(text, start - 1)) start -= 1;
    // The engine's own loop: runs may be long, what stands before them here is not.
    REST_OF_RUN.lastIndex = at;
    REST_OF_RUN.test(text);
    const end = REST_OF_RUN.lastIndex;
    if (end - start >= SHORTEST_KEY) {
      addRun(text.slice(start, end), found);
      if (found.size > MOST_CANDIDATES) return;
    }
    at = end + SHORTEST_KEY;
  }
}

function addRun(run: string, found: Set<string>): void {
  if (run.length <= LONGEST_KEY) found.add(run);
  if (run.length <= 2 * LONGEST_KEY && /^[-_]|[-_]$/.test(run)) {
    const bare = run.replace(/^[-_]+/, '').replace(/[-_]+$/, '');
    if (bare.length >= SHORTEST_KEY && bare.length <= LONGEST_KEY) found.add(bare);
  }
  for (let at = run.indexOf(KEY_PREFIX); at >= 0; at = run.indexOf(KEY_PREFIX, at + 1)) {
    const end = at + HUB_MADE_LENGTH;
    // Behind the prefix are letters and digits: of prefixes in a row none begins a key.
    const other = run.indexOf('_', at + KEY_PREFIX.length);
    if (end <= run.length && (other < 0 || other >= end)) found.add(run.slice(at, end));
    if (found.size > MOST_CANDIDATES) return;
  }
}

function isKeyCharacter(text: string, at: number): boolean {
  return IS_KEY_CHARACTER[text.charCodeAt(at)] === 1;
}
