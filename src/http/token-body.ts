import type { Held } from '../core/credential.js';

interface Prepared {
  readonly head: string;
  readonly tail: string;
}

const prepared = new WeakMap<Held, Prepared>();

/**
 * The body of a token answer. All but `expires_in` is made once per token and remembered with it: serialising per
 * request would cost a tenth of the request rate (bench/README.md).
 */
export function tokenBody(held: Held, expiresInSeconds: number): string {
  let parts = prepared.get(held);
  if (parts === undefined) {
    parts = {
      head: `{"access_token":${JSON.stringify(held.value.reveal())},"expires_in":`,
      tail: `,"version":${held.version}}`,
    };
    prepared.set(held, parts);
  }
  return `${parts.head}${expiresInSeconds}${parts.tail}`;
}
