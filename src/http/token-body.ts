import type { Held } from '../core/credential.js';
import { etagOf } from './conditional.js';

interface Prepared {
  readonly head: string;
  readonly tail: string;
  readonly etag: string;
}

const prepared = new WeakMap<Held, Prepared>();

/**
 * The body of a token answer. All but `expires_in` is made once per token and remembered with it: serialising per
 * request would cost a tenth of the request rate (bench/README.md).
 */
export function tokenBody(held: Held, expiresInSeconds: number): string {
  return `${tokenFields(held, expiresInSeconds)}}`;
}

/** {@link etagOf} its version, made once as well. */
export function tokenEtag(held: Held): string {
  return preparedOf(held).etag;
}

/** The body without the closing brace, for answers that say more. */
export function tokenFields(held: Held, expiresInSeconds: number): string {
  const { head, tail } = preparedOf(held);
  return `${head}${expiresInSeconds}${tail}`;
}

/** WeChat's own form: `{"access_token":…,"expires_in":…}`. */
export function wechatTokenBody(held: Held, expiresInSeconds: number): string {
  return `${preparedOf(held).head}${expiresInSeconds}}`;
}

function preparedOf(held: Held): Prepared {
  let parts = prepared.get(held);
  if (parts === undefined) {
    parts = {
      head: flat(`{"access_token":${asciiJson(held.value.reveal())},"expires_in":`),
      tail: flat(`,"version":${held.version}`),
      etag: flat(etagOf(held.version)),
    };
    prepared.set(held, parts);
  }
  return parts;
}

/** WeChat's tokens are ASCII; should one ever not be, it is escaped: bodies are written as one byte per character. */
function asciiJson(text: string): string {
  return JSON.stringify(text).replace(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The same in one piece: V8 keeps a concatenation as a tree, and each request would walk it through cold memory. */
function flat(ascii: string): string {
  return Buffer.from(ascii, 'latin1').toString('latin1');
}
