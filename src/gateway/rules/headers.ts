/**
 * Which headers pass through the gateway. Flat lists of names and values, as they come off the wire: order, spelling
 * and repetition are kept.
 */

type Role =
  /** Of one connection only (RFC 9110, 7.6.1, and what older clients send). */
  | 'hop'
  /** Not for WeChat: the hub's own credentials, who calls the hub and from where, other names for the target. */
  | 'of_the_hub'
  /** The id of this request is the hub's. */
  | 'request_id'
  | 'connection'
  | 'transfer_encoding'
  | 'content_length'
  | 'accept_encoding'
  | undefined;

const ROLES: ReadonlyMap<string, Role> = new Map<string, Role>([
  ['connection', 'connection'],
  ['transfer-encoding', 'transfer_encoding'],
  ['keep-alive', 'hop'],
  ['te', 'hop'],
  ['trailer', 'hop'],
  ['upgrade', 'hop'],
  ['authorization', 'of_the_hub'],
  ['cookie', 'of_the_hub'],
  ['forwarded', 'of_the_hub'],
  ['host', 'of_the_hub'],
  ['x-real-ip', 'of_the_hub'],
  ['x-original-url', 'of_the_hub'],
  ['x-rewrite-url', 'of_the_hub'],
  // Between the caller and the hub: Node has answered it.
  ['expect', 'of_the_hub'],
  ['x-request-id', 'request_id'],
  // To WeChat it is set anew from what the parser found.
  ['content-length', 'content_length'],
  ['accept-encoding', 'accept_encoding'],
]);

function roleOf(name: string): Role {
  const lower = name.toLowerCase();
  const role = ROLES.get(lower);
  if (role !== undefined) return role;
  if (lower.startsWith('proxy-')) return 'hop';
  return lower.startsWith('x-forwarded-') ? 'of_the_hub' : undefined;
}

/** Encodings that the hub can look into, so that an answer about a dead token is always understood. */
const READABLE_ENCODING = /^(?:gzip|x-gzip|deflate|br|identity)(?:\s*;.*)?$/i;

/** What of a request's headers goes to WeChat. */
export function headersToUpstream(raw: readonly string[]): string[] {
  const passed: string[] = [];
  let connection = '';
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const value = raw[index + 1] ?? '';
    const role = roleOf(name);
    if (role === undefined || role === 'request_id') passed.push(name, value);
    else if (role === 'accept_encoding') passed.push(name, readable(value));
    else if (role === 'connection') connection += `,${value}`;
  }
  return withoutNamed(passed, connection);
}

/**
 * What of an answer's headers goes to the caller.
 *
 * @param secrets the spellings of the token that the call was made with. It never goes back: a redirect to the same
 *   query would hold it.
 */
export function headersToCaller(raw: readonly string[], secrets: readonly string[]): string[] {
  const passed: string[] = [];
  let connection = '';
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const value = raw[index + 1] ?? '';
    const role = roleOf(name);
    if (role === 'connection') connection += `,${value}`;
    // RFC 9112, 6.3: a length beside chunks is not to be believed, nor passed on.
    else if (role === 'transfer_encoding') connection += ',content-length';
    else if (role !== 'hop' && role !== 'request_id') passed.push(name, without(value, secrets));
  }
  return withoutNamed(passed, connection);
}

/** What `Connection` names is of that connection too. */
function withoutNamed(headers: string[], connection: string): string[] {
  if (/^(?:,\s*(?:close|keep-alive)\s*)*$/i.test(connection)) return headers;
  const named = new Set(connection.split(',').map((token) => token.trim().toLowerCase()));
  return headers.filter((_part, index) => !named.has((headers[index & ~1] ?? '').toLowerCase()));
}

/** The first value of a header in a flat list. */
export function headerOf(raw: readonly string[], lowerName: string): string | undefined {
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index];
    if (name?.length === lowerName.length && name.toLowerCase() === lowerName) return raw[index + 1];
  }
  return undefined;
}

function readable(acceptEncoding: string): string {
  const all = acceptEncoding.split(',').map((coding) => coding.trim());
  const kept = all.filter((coding) => READABLE_ENCODING.test(coding));
  if (kept.length === all.length) return acceptEncoding;
  return kept.length === 0 ? 'identity' : kept.join(', ');
}

function without(value: string, secrets: readonly string[]): string {
  let clean = value;
  for (const secret of secrets) {
    if (secret !== '' && clean.length >= secret.length) clean = clean.replaceAll(secret, 'REDACTED');
  }
  return clean;
}
