/** A living token of another server, as an administrator brings it. */
export interface Seed {
  readonly token: string;
  /** Whole seconds, 1 to 7200: what is left of its life. */
  readonly expiresIn: number;
}

/** WeChat's longest life of a token, seconds (getAccessToken). */
const LONGEST_SECONDS = 7200;
/** Printable ASCII: it goes into URLs as it is. WeChat: reserve at least 512 characters. */
const TOKEN = /^[\x21-\x7e]{16,2048}$/;

/** `undefined`: not `{"access_token": "…", "expires_in": n}`. */
export function seedOf(body: unknown): Seed | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  const { access_token: token, expires_in: expiresIn, ...rest } = body as Record<string, unknown>;
  if (Object.keys(rest).length > 0) return undefined;
  if (typeof token !== 'string' || !TOKEN.test(token)) return undefined;
  if (!Number.isSafeInteger(expiresIn)) return undefined;
  const seconds = expiresIn as number;
  return seconds >= 1 && seconds <= LONGEST_SECONDS ? { token, expiresIn: seconds } : undefined;
}
