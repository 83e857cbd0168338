import { isAlias, isMap, isScalar, isSeq } from 'yaml';

/**
 * The most values that a file may come to with its aliases followed. An alias costs nothing to hold, but whatever
 * walks over the values pays for each of its uses: a few lines of aliases of aliases stand for billions. 10,000 apps
 * are about 60,000 values.
 */
export const MAX_VALUES = 2_000_000;

export type PlainOutcome =
  | {
      readonly ok: true;
      readonly value: unknown;
      /** The node that an alias of this document stands for. */
      readonly target: (alias: object) => unknown;
    }
  | { readonly ok: false; readonly offset: number; readonly message: string };

/**
 * The nodes of a YAML document as plain values; an alias gives the very object of its anchor. As `toJS()` of the
 * package, but an alias that is wrong is reported with its place, mappings have no prototype (`__proto__` is a key
 * like any other) and the bound is on what aliases stand for instead of on their number.
 */
export function toPlainValue(root: unknown): PlainOutcome {
  const anchors = new Map<string, Anchor>();
  const targets = new Map<object, unknown>();
  try {
    const { value } = convert(root, anchors, targets);
    return { ok: true, value, target: (alias) => targets.get(alias) };
  } catch (error) {
    if (error instanceof AliasError) return { ok: false, offset: error.offset, message: error.message };
    throw error;
  }
}

interface Converted {
  readonly value: unknown;
  /** How many values it comes to, itself and what aliases stand for included. */
  readonly size: number;
}

/** `converted` is missing as long as the anchored node itself is being read. */
interface Anchor {
  readonly node: unknown;
  converted?: Converted;
}

class AliasError extends Error {
  constructor(
    readonly offset: number,
    message: string,
  ) {
    super(message);
  }
}

function convert(node: unknown, anchors: Map<string, Anchor>, targets: Map<object, unknown>): Converted {
  if (isAlias(node)) {
    const offset = node.range?.[0] ?? 0;
    const anchor = anchors.get(node.source);
    if (anchor === undefined) {
      throw new AliasError(
        offset,
        'an alias (*…) without an anchor (&…) before it: quote a text that begins with *',
      );
    }
    if (anchor.converted === undefined)
      throw new AliasError(offset, 'an alias (*…) inside of its own anchor (&…)');
    targets.set(node, anchor.node);
    return anchor.converted;
  }
  const anchor: Anchor = { node };
  if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined)
    anchors.set(node.anchor, anchor);
  anchor.converted = convertContent(node, anchors, targets);
  return anchor.converted;
}

function convertContent(
  node: unknown,
  anchors: Map<string, Anchor>,
  targets: Map<object, unknown>,
): Converted {
  if (isScalar(node)) return { value: node.value, size: 1 };
  let size = 1;
  const grow = (by: number, at: unknown): void => {
    size += by;
    if (size <= MAX_VALUES) return;
    const offset = isScalar(at) || isAlias(at) || isMap(at) || isSeq(at) ? (at.range?.[0] ?? 0) : 0;
    throw new AliasError(offset, `comes to more than ${MAX_VALUES} values: use fewer aliases (*…)`);
  };
  if (isSeq(node)) {
    const list = node.items.map((item) => {
      const converted = convert(item, anchors, targets);
      grow(converted.size, item);
      return converted.value;
    });
    return { value: list, size };
  }
  if (isMap(node)) {
    const mapping = Object.create(null) as Record<string, unknown>;
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : '';
      const converted = convert(value, anchors, targets);
      grow(converted.size, key);
      mapping[name] = converted.value;
    }
    return { value: mapping, size };
  }
  return { value: null, size };
}
