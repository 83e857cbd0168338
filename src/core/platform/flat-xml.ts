/**
 * The children of the one element of a small XML document, by their names: what WeChat's pushes are. Everything else that
 * XML can be is refused: document types (and so entities of one's own), processing instructions, comments, attributes,
 * several roots. A push is read before it is known whose it is, so its reader has no more to it than that.
 *
 * A child that has children itself is named, and empty: some events have such parts, and the hub needs none of them.
 * `undefined`: it is nothing of the kind. Takes time in proportion to the text, and never throws.
 */
export function readFlatXml(text: string): ReadonlyMap<string, string> | undefined {
  const reader = new FlatXml(text);
  return reader.document();
}

const MOST_CHILDREN = 200;
const DEEPEST = 16;
const NAME = /[A-Za-z_][A-Za-z0-9_.-]{0,63}/y;
const SPACE = /[ \t\r\n]*/y;
const TEXT = /[^<&]+/y;
const ENTITY = /&(?:(lt|gt|amp|quot|apos)|#(\d{1,7})|#x([0-9A-Fa-f]{1,6}));/y;
const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
const CDATA = '<![CDATA[';

class FlatXml {
  #at = 0;
  readonly #children = new Map<string, string>();

  constructor(private readonly text: string) {}

  document(): ReadonlyMap<string, string> | undefined {
    this.#take(SPACE);
    const root = this.#begin();
    if (root === undefined || !this.#childrenOf(root)) return undefined;
    this.#take(SPACE);
    return this.#at === this.text.length ? this.#children : undefined;
  }

  #childrenOf(root: string): boolean {
    for (;;) {
      this.#take(SPACE);
      if (this.#end(root)) return true;
      const name = this.#begin();
      if (name === undefined || this.#children.has(name) || this.#children.size >= MOST_CHILDREN)
        return false;
      const content = this.#content(name, 1);
      if (content === undefined) return false;
      this.#children.set(name, content);
    }
  }

  /** Text and CDATA up to the element's end. */
  #content(name: string, depth: number): string | undefined {
    const parts: string[] = [];
    let isNested = false;
    while (!this.#end(name)) {
      if (this.text.startsWith(CDATA, this.#at)) {
        const end = this.text.indexOf(']]>', this.#at + CDATA.length);
        if (end < 0) return undefined;
        parts.push(this.text.slice(this.#at + CDATA.length, end));
        this.#at = end + 3;
        continue;
      }
      const part = this.#take(TEXT) ?? this.#entity();
      if (part !== undefined) {
        parts.push(part);
        continue;
      }
      const child = depth < DEEPEST ? this.#begin() : undefined;
      if (child === undefined || this.#content(child, depth + 1) === undefined) return undefined;
      isNested = true;
    }
    return isNested ? '' : parts.join('');
  }

  #entity(): string | undefined {
    ENTITY.lastIndex = this.#at;
    const match = ENTITY.exec(this.text);
    if (match === null) return undefined;
    const [whole, named, decimal, hex] = match;
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
    const char = named === undefined ? charOf(code) : NAMED[named];
    if (char !== undefined) this.#at += whole.length;
    return char;
  }

  /** `<name>`: without attributes. */
  #begin(): string | undefined {
    const start = this.#at;
    if (this.text[start] !== '<') return undefined;
    this.#at += 1;
    const name = this.#take(NAME);
    this.#take(SPACE);
    if (name !== undefined && this.text[this.#at] === '>') {
      this.#at += 1;
      return name;
    }
    this.#at = start;
    return undefined;
  }

  #end(name: string): boolean {
    const tag = `</${name}`;
    if (!this.text.startsWith(tag, this.#at)) return false;
    const start = this.#at;
    this.#at += tag.length;
    this.#take(SPACE);
    if (this.text[this.#at] === '>') {
      this.#at += 1;
      return true;
    }
    this.#at = start;
    return false;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const taken = pattern.exec(this.text)?.[0];
    if (taken === undefined || taken === '') return undefined;
    this.#at += taken.length;
    return taken;
  }
}

/** What XML 1.0 takes as a character. */
function charOf(code: number): string | undefined {
  const isChar =
    code === 9 ||
    code === 10 ||
    code === 13 ||
    (code >= 32 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) ||
    (code >= 0x10000 && code <= 0x10ffff);
  return isChar ? String.fromCodePoint(code) : undefined;
}
