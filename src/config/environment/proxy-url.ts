/**
 * What is wrong with the URL of a proxy, if anything: `http://` or `https://[user:password@]host:port`. Never holds a
 * part of it: there may be a password in it.
 */
export function proxyUrlFlaw(text: string): string | undefined {
  const parts = FORM.exec(text);
  if (parts === null || !URL.canParse(text)) {
    return 'must be http:// or https://[user:password@]host:port, without a path (percent-encode special characters of a password)';
  }
  const [, , credentials, , port] = parts;
  if (Number(port) < 1 || Number(port) > 65_535) return 'must name a port from 1 to 65535';
  const decoded = decode(credentials ?? '');
  if (decoded === undefined)
    return 'has a user or password that cannot be read; percent-encode special characters (% as %25, @ as %40)';
  // RFC 7617, 2: a colon ends the user, and control characters are not allowed.
  if (decoded[0].includes(':')) return 'must not have a colon in the user';
  return decoded.some((part) => /\p{Cc}/u.test(part)) ? 'must not hold control characters' : undefined;
}

const FORM =
  /^(https?):\/\/(?:([^\s/?#@]*)@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?):([0-9]{1,5})\/?$/;

/** What a flawless URL says. */
export interface ProxyTarget {
  /** Scheme, host and port: free of secrets. */
  readonly origin: string;
  /** The value of `Proxy-Authorization`, a secret; `undefined`: the URL has no user. */
  readonly authorization: string | undefined;
  /** Whatever of it must not be in a log. */
  readonly secrets: readonly string[];
}

/** Takes a URL apart that {@link proxyUrlFlaw} has no word against. @throws {Error} without any part of it, otherwise */
export function parseProxyUrl(text: string): ProxyTarget {
  const flaw = proxyUrlFlaw(text);
  const [, scheme = '', credentials, host = '', port = ''] = FORM.exec(text) ?? [];
  if (flaw !== undefined) throw new Error(`HUB_OUTBOUND_PROXY ${flaw}`);
  const origin = `${scheme}://${host}:${port}`;
  const [user = '', password = ''] = decode(credentials ?? '') ?? [];
  if (user === '' && password === '') return { origin, authorization: undefined, secrets: [] };
  const authorization = `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
  return { origin, authorization, secrets: [authorization, password].filter((secret) => secret !== '') };
}

/** User and password; `undefined` where they cannot be read. */
function decode(credentials: string): [string, string] | undefined {
  const colon = credentials.indexOf(':');
  const [user, password] =
    colon < 0 ? [credentials, ''] : [credentials.slice(0, colon), credentials.slice(colon + 1)];
  try {
    return [decodeURIComponent(user), decodeURIComponent(password)];
  } catch {
    return undefined;
  }
}
