import type { PlainApp, PlainClient, PlainNotify } from './apps-file.plain.js';
import type { PlainAppsFileResult } from './apps-file.js';
import type { Environment } from './apps-file.secrets.js';
import type { FileStamp } from './file-stamp.js';
import type { ConfigProblem } from './problem.js';

/*
 * What the parser's thread is given and what it sends. The main thread asks for each piece (`NEXT`): pieces that are
 * sent unasked would all be deserialised in one go, as Node drains a port's queue without a turn of the event loop.
 */

export interface WorkerInput {
  /** The file's bytes, UTF-8. */
  readonly bytes: Uint8Array;
  readonly env: Environment;
  readonly baseDir: string;
}

export const NEXT = 'next';

export type Piece =
  | { readonly kind: 'apps'; readonly items: readonly PlainApp[] }
  | { readonly kind: 'clients'; readonly items: readonly PlainClient[] }
  | { readonly kind: 'notify'; readonly items: readonly PlainNotify[] }
  | { readonly kind: 'problems'; readonly items: readonly ConfigProblem[] }
  | { readonly kind: 'stamps'; readonly items: readonly (readonly [path: string, stamp: FileStamp])[] }
  | { readonly kind: 'end'; readonly ok: boolean };

/** A piece holds about so many apps, or strings of clients: well below a millisecond to take in. */
const PIECE_WEIGHT = 250;

export function* piecesOf(
  result: PlainAppsFileResult,
  stamps: ReadonlyMap<string, FileStamp>,
): Generator<Piece> {
  for (const items of split([...stamps], () => 1)) yield { kind: 'stamps', items };
  if (result.ok) {
    for (const items of split(result.apps, () => 1)) yield { kind: 'apps', items };
    for (const items of split(result.clients, weigh)) yield { kind: 'clients', items };
    for (const items of split(result.notify, () => 1)) yield { kind: 'notify', items };
  } else {
    for (const items of split(result.problems, () => 1)) yield { kind: 'problems', items };
  }
  yield { kind: 'end', ok: result.ok };
}

/** Addresses are parsed on the main thread and cost more than the rest. */
function weigh({ apps, allowIps, keys }: PlainClient): number {
  return 1 + (apps === '*' ? 0 : apps.length / 8) + 2 * (allowIps?.length ?? 0) + keys.length;
}

function* split<T>(items: readonly T[], weightOf: (item: T) => number): Generator<T[]> {
  let piece: T[] = [];
  let weight = 0;
  for (const item of items) {
    piece.push(item);
    weight += weightOf(item);
    if (weight < PIECE_WEIGHT) continue;
    yield piece;
    piece = [];
    weight = 0;
  }
  if (piece.length > 0) yield piece;
}
