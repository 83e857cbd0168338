/**
 * Which headers pass through the gateway. Flat lists of names and values, as they come off the wire: order, spelling
 * and repetition are kept.
 */

/** Of one connection only (RFC 9110, 7.6.1, and what older clients send). */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Not for WeChat: the hub's own credentials, who calls the hub and from where, and other names for the target. */
const OF_THE_HUB: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'forwarded',
  'host',
  'x-real-ip',
  'x-original-url',
  'x-rewrite-url',
  // Between the caller and the hub: Node has answered it.
  'expect',
  // Set anew from what the parser found.
  'content-length',
]);

/** Encodings that the hub can look into, so that an answer about a dead token is always understood. */
const READABLE_ENCODING = /^(?:gzip|x-gzip|deflate|br|identity)(?:\s*;.*)?$/i;

/** What of a request's headers goes to WeChat. */
export function headersToUpstream(raw: readonly string[]): string[] {
  const named = namedByConnection(raw);
  const passed: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const value = raw[index + 1] ?? '';
    const lower = name.toLowerCase();
    if (staysBehind(lower, named) || OF_THE_HUB.has(lower) || lower.startsWith('x-forwarded-')) continue;
    passed.push(name, lower === 'accept-encoding' ? readable(value) : value);
  }
  return passed;
}

/**
 * What of an answer's headers goes to the caller.
 *
 * @param secrets the spellings of the token that the call was made with. It never goes back: a redirect to the same
 *   query would hold it.
 */
export function headersToCaller(raw: readonly string[], secrets: readonly string[]): string[] {
  const named = namedByConnection(raw);
  const chunked = has(raw, 'transfer-encoding');
  const passed: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const lower = name.toLowerCase();
    // The id of this request is the hub's.
    if (staysBehind(lower, named) || lower === 'x-request-id') continue;
    // RFC 9112, 6.3: a length beside chunks is not to be believed, nor passed on.
    if (chunked && lower === 'content-length') continue;
    passed.push(name, without(raw[index + 1] ?? '', secrets));
  }
  return passed;
}

/** The first value of a header in a flat list. */
export function headerOf(raw: readonly string[], lowerName: string): string | undefined {
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index];
    if (name?.length === lowerName.length && name.toLowerCase() === lowerName) return raw[index + 1];
  }
  return undefined;
}

function has(raw: readonly string[], lowerName: string): boolean {
  return headerOf(raw, lowerName) !== undefined;
}

const NONE: ReadonlySet<string> = new Set();

/** What `Connection` names is of this connection too. */
function namedByConnection(raw: readonly string[]): ReadonlySet<string> {
  let named = NONE;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index];
    if (name?.length !== 10 || name.toLowerCase() !== 'connection') continue;
    const tokens = (raw[index + 1] ?? '').toLowerCase().split(',');
    named = new Set([...named, ...tokens.map((token) => token.trim())]);
  }
  return named;
}

function staysBehind(lower: string, named: ReadonlySet<string>): boolean {
  return HOP_BY_HOP.has(lower) || lower.startsWith('proxy-') || named.has(lower);
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
