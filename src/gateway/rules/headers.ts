/**
 * Which headers pass through the gateway. Flat lists of names and values, as they come off the wire: order, spelling
 * and repetition are kept.
 */

/**
 * Of a request only what a call to WeChat needs: what the body is, what is wanted, who asks, its id, and WeChat's own.
 * Everything else is between the caller and the hub, or names a target or an address in another way. Trace context
 * (`traceparent`, `tracestate`, `b3`, `X-B3-*`, `baggage`) too: it is the inside's, and W3C Trace Context (section 7)
 * has it end where others begin.
 */
const TO_UPSTREAM: ReadonlySet<string> = new Set([
  ...['accept', 'accept-charset', 'accept-language', 'range', 'if-range', 'user-agent'],
  'x-request-id',
]);
const FAMILIES_TO_UPSTREAM = /^(?:content-|wechatmp-)/;

/** To WeChat it is set anew from what the parser found. */
const CONTENT_LENGTH = 'content-length';

/** Of one connection only (RFC 9110, 7.6.1, and what older servers send), and the id of this request, which is the hub's. */
const NOT_TO_CALLER: ReadonlySet<string> = new Set([
  ...['keep-alive', 'te', 'trailer', 'upgrade', 'x-request-id'],
]);

/**
 * What of a request's headers goes to WeChat. Answers are asked for unpacked: they can be looked into as they stream, and
 * what WeChat sends is small or packed by nature.
 */
export function headersToUpstream(raw: readonly string[]): string[] {
  const passed: string[] = [];
  let connection = '';
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const value = raw[index + 1] ?? '';
    const lower = name.toLowerCase();
    if (lower === 'connection') connection += `,${value}`;
    else if (lower === CONTENT_LENGTH) continue;
    else if (TO_UPSTREAM.has(lower) || FAMILIES_TO_UPSTREAM.test(lower)) passed.push(name, value);
  }
  const end = withoutNamed(passed, connection);
  end.push('accept-encoding', 'identity');
  return end;
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
    const lower = name.toLowerCase();
    if (lower === 'connection') connection += `,${value}`;
    // RFC 9112, 6.3: a length beside chunks is not to be believed, nor passed on.
    else if (lower === 'transfer-encoding') connection += ',content-length';
    else if (!NOT_TO_CALLER.has(lower) && !lower.startsWith('proxy-')) {
      passed.push(name, without(value, secrets));
    }
  }
  return withoutNamed(passed, connection);
}

/** What speaks of the bytes of a packed body, and not of what is in it. */
const OF_PACKED = /^(?:content-(?:encoding|length|md5|digest)|repr-digest|digest|etag|accept-ranges)$/i;

/** The headers of an answer whose body was unpacked, and then has so many bytes. */
export function headersOfUnpacked(headers: readonly string[], bytes: number): string[] {
  const kept = headers.filter((_part, index) => !OF_PACKED.test(headers[index & ~1] ?? ''));
  return [...kept, CONTENT_LENGTH, String(bytes)];
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

function without(value: string, secrets: readonly string[]): string {
  let clean = value;
  for (const secret of secrets) {
    if (secret !== '' && clean.length >= secret.length) clean = clean.replaceAll(secret, 'REDACTED');
  }
  return clean;
}
