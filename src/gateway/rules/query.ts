/**
 * The query of a call through the gateway. Everything but `access_token` stays as it came, byte for byte: WeChat may
 * read what the hub would write in another way.
 */

const NAME = 'access_token';

/** The path and the query of a request target; `undefined`: no query. */
export function splitTarget(target: string): { readonly path: string; readonly query: string | undefined } {
  const mark = target.indexOf('?');
  if (mark < 0) return { path: target, query: undefined };
  return { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

/** The query with this token, encoded, and no other. */
export function withAccessToken(query: string | undefined, token: string): string {
  const ours = `${NAME}=${token}`;
  if (query === undefined || query === '') return ours;
  // Nearly always nobody sent one: then nothing is taken apart.
  if (!mayName(query)) return `${ours}&${query}`;
  return [ours, ...query.split('&').filter((pair) => !isAccessToken(pair))].join('&');
}

/** The first access_token of a query, decoded; `''` where it is empty or not decodable; `undefined`: there is none. */
export function accessTokenOf(query: string | undefined): string | undefined {
  if (query === undefined || !mayName(query)) return undefined;
  const pair = query.split('&').find(isAccessToken);
  if (pair === undefined) return undefined;
  const equals = pair.indexOf('=');
  return equals < 0 ? '' : (decoded(pair.slice(equals + 1)) ?? '');
}

function mayName(query: string): boolean {
  return /access|%/i.test(query);
}

/** In any spelling: escapes, case, blanks around it, an index as some frameworks have it (`access_token[]`). */
function isAccessToken(pair: string): boolean {
  const equals = pair.indexOf('=');
  const name = equals < 0 ? pair : pair.slice(0, equals);
  if (name === NAME) return true;
  if (name.length < NAME.length) return false;
  const read = (decoded(name) ?? name).trim().toLowerCase();
  return read === NAME || read.startsWith(`${NAME}[`);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
