import { parse } from 'node:querystring';
import { jsonObject } from '../core/json.js';

export type Parameters = Readonly<Record<string, unknown>>;

/**
 * The parameters that an SDK sends, from query and body together. WeChat reads a body as what it is, whatever its
 * Content-Type says, and so does this: JSON, or form-coded where it is no JSON object but looks like `a=b`.
 * @returns `undefined` for a body that is neither
 */
export function parametersOf(query: string, body: string | undefined): Parameters | undefined {
  if (body === undefined || body.trim() === '') return queryParameters(query);
  const fromBody = jsonObject(body) ?? formFields(body);
  return fromBody === undefined ? undefined : { ...queryParameters(query), ...fromBody };
}

/** Of a parameter given twice the first counts. Names that no drop-in endpoint knows may be left out. */
export function queryParameters(query: string): Parameters {
  const isPlain = !query.includes('%') && !query.includes('+');
  return isPlain ? plainParameters(query) : generalParameters(query);
}

/** Nothing to decode, as nearly always: one pass, and no object that could have any name (bench/README.md). */
function plainParameters(query: string): Parameters {
  let grantType, appid, secret, force, accessToken, type, corpid, corpsecret: string | undefined;
  for (let at = 0; at < query.length;) {
    const ampersand = query.indexOf('&', at);
    const pair = query.slice(at, ampersand < 0 ? undefined : ampersand);
    at += pair.length + 1;
    const equals = pair.indexOf('=');
    const name = equals < 0 ? pair : pair.slice(0, equals);
    const value = equals < 0 ? '' : pair.slice(equals + 1);
    if (name === 'grant_type') grantType ??= value;
    else if (name === 'appid') appid ??= value;
    else if (name === 'secret') secret ??= value;
    else if (name === 'force_refresh') force ??= value;
    else if (name === 'access_token') accessToken ??= value;
    else if (name === 'type') type ??= value;
    else if (name === 'corpid') corpid ??= value;
    else if (name === 'corpsecret') corpsecret ??= value;
  }
  return {
    grant_type: grantType,
    appid,
    secret,
    force_refresh: force,
    access_token: accessToken,
    type,
    corpid,
    corpsecret,
  };
}

/** Exported for its test: where {@link queryParameters} takes the short way, both say the same. */
export function generalParameters(query: string): Parameters {
  const all = parse(query, '&', '=', { maxKeys: 0 });
  return Object.fromEntries(
    Object.entries(all).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  );
}

function formFields(body: string): Record<string, unknown> | undefined {
  if (!/^[A-Za-z_]+=/.test(body)) return undefined;
  return Object.fromEntries(new URLSearchParams(body.trim()));
}
