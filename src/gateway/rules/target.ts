import { withoutPercents } from '../../core/escapes.js';
import { neverForwarded, type NeverForwarded } from './never-forwarded.js';

/**
 * What the gateway forwards, by path. Pure.
 *
 * Two readings of a path that differ are how such rules are broken: the hub compares one thing, WeChat serves another.
 * So only paths are forwarded that every server reads alike (canonical ones), and what is forbidden is looked for in
 * the widest reading that any server might take.
 */
export type TargetVerdict =
  | { readonly ok: true; readonly path: string }
  /** Nobody may call it. */
  | { readonly ok: false; readonly why: 'never'; readonly row: NeverForwarded }
  /** Readable in more than one way. */
  | { readonly ok: false; readonly why: 'malformed' };

/**
 * Segments of these characters have one reading: no escapes, no `;params`, nothing that is trimmed or folded. None of
 * WeChat's paths needs more. A segment neither begins nor ends with a dot; one slash at the end is let pass.
 */
const CANONICAL = /^(?:\/|(?:\/[A-Za-z0-9_~-](?:[A-Za-z0-9._~-]*[A-Za-z0-9_~-])?)+\/?)$/;
/** The longest of WeChat's paths has some 60 characters. */
const LONGEST_PATH = 1024;

/** @param path as it came, from its `/` on, without the query */
export function judgeTarget(path: string): TargetVerdict {
  const isCanonical = path.length <= LONGEST_PATH && CANONICAL.test(path);
  // What is canonical has one reading already, but for case and for endings such as `.json`.
  const row = rowOf(isCanonical ? path.toLowerCase() : widestReading(path));
  if (row !== undefined) return { ok: false, why: 'never', row };
  return isCanonical ? { ok: true, path } : { ok: false, why: 'malformed' };
}

/**
 * Whether a client may call this.
 *
 * @param path one that {@link judgeTarget} let pass
 * @param patterns the client's `gatewayPaths`; `undefined`: all
 */
export function isGrantedPath(path: string, patterns: readonly string[] | undefined): boolean {
  return patterns === undefined || patterns.some((pattern) => matches(pattern, path));
}

/** Exact, or a prefix where the pattern ends in `*`; without regard to case and to a slash at the end. */
function matches(pattern: string, path: string): boolean {
  const wanted = pattern.toLowerCase();
  const lower = path.toLowerCase();
  if (wanted.endsWith('*')) return lower.startsWith(wanted.slice(0, -1));
  return withoutSlash(lower) === withoutSlash(wanted);
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}

/** As it is, or without the endings that some servers take for a choice of format (`token.json`). */
function rowOf(path: string): NeverForwarded | undefined {
  const row = neverForwarded(path);
  if (row !== undefined || !path.includes('.')) return row;
  return neverForwarded(path.replace(/([^/.])\.[^/]*/g, '$1'));
}

/** More layers of escapes than any server takes off. */
const MOST_LAYERS = 8;

/** Escapes taken off, all slashes alike, `;params` dropped, dots resolved, look-alikes folded. For comparing only. */
function widestReading(path: string): string {
  const segments: string[] = [];
  const plain = unescaped(path.slice(0, 4 * LONGEST_PATH))
    .normalize('NFKC')
    .replace(/[\\\u2044\u2215\u29F5\u29F8]/g, '/')
    .toLowerCase();
  for (const part of plain.split('/')) {
    const segment = part.replace(/[;?#].*$/s, '').replace(/[^!-~]/g, '');
    const undotted = withoutDotsBehind(segment);
    if (segment === '..') segments.pop();
    else if (undotted !== '') segments.push(undotted);
  }
  return `/${segments.join('/')}`;
}

/** By hand: `/\.+$/` begins anew at each dot of a long row, and takes 20 ms for 4000 of them. */
function withoutDotsBehind(segment: string): string {
  let end = segment.length;
  while (segment[end - 1] === '.') end -= 1;
  return segment.slice(0, end);
}

function unescaped(path: string): string {
  let text = path;
  for (let layer = 0; layer < MOST_LAYERS && text.includes('%'); layer += 1) text = withoutPercents(text);
  return text;
}
