/** An answer in WeChat's error shape, sent with HTTP status 200. */
export interface WeChatErrorBody {
  readonly errcode: number;
  readonly errmsg: string;
}

/**
 * WeChat's wording per errcode, after the error tables of the pages "getAccessToken" and "getStableAccessToken"
 * and the global return codes. Callers must decide on `errcode` alone: the real wording changes.
 */
const WORDING: Readonly<Record<number, string>> = {
  [-1]: 'system error',
  40001: 'invalid credential, access_token is invalid or not latest',
  40002: 'invalid grant_type',
  40003: 'invalid openid',
  40013: 'invalid appid',
  40014: 'invalid access_token',
  40029: 'invalid code',
  40030: 'invalid refresh_token',
  40097: 'invalid args',
  40125: 'invalid appsecret',
  40163: 'code been used',
  40164: 'invalid ip, not in whitelist',
  40226: 'code blocked',
  40243: 'AppSecret is frozen',
  41001: 'access_token missing',
  41002: 'appid missing',
  41003: 'refresh_token missing',
  41004: 'appsecret missing',
  41008: 'missing code',
  41009: 'missing openid',
  42001: 'access_token expired',
  42002: 'refresh_token expired',
  43001: 'require GET method',
  43002: 'require POST method',
  45009: 'reach max api daily quota limit',
  45011: 'api minute-quota reach limit, must slower, retry next minute',
  47001: 'data format error',
  48001: 'api unauthorized',
  48004: 'api forbidden for irregularities',
  48006: 'forbid to clear quota because of reaching the limit',
  50002: 'user limited',
  50004: 'forbid to use token',
  50007: 'user blocked',
  61003: 'component is not authorized by this account',
  61004: 'access clientip is not registered',
  61005: 'component ticket is expired',
  61006: 'component ticket is invalid',
  61009: 'code is invalid',
  61010: 'code is expired',
  61023: 'refresh_token is invalid',
  61024: 'should use api_component_token',
  76003: 'rid not found',
  76021: 'cgi_path not found, please check',
  76022: 'could not use this cgi_path, no permission',
  89501: 'not enough confirm, wait for the administrator',
  89503: 'need administrator to confirm',
  89506: 'administrator refused twice, wait 24 hours',
  89507: 'administrator refused, wait 1 hour',
};

export function wordingOf(errcode: number): string {
  return WORDING[errcode] ?? `simulated error ${errcode}`;
}

/** Seen in real answers (40164): the address in both notations, IPv4 bare and as a mapped IPv6 address. */
export function notInWhitelist(address: string): string {
  const bare = bareAddress(address);
  const ipv6 = bare.includes(':') ? bare : `::ffff:${bare}`;
  return `invalid ip ${bare} ipv6 ${ipv6}, not in whitelist`;
}

/** A socket's `remoteAddress` on a dual-stack listener writes IPv4 as `::ffff:127.0.0.1`: one notation for both. */
export function bareAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}

/** The tail of a real errmsg, different in each answer: `rid: 65f0c1d2-1a2b3c4d-5e6f7081`. */
export function ridTail(now: number, random: () => number): string {
  const part = (): string =>
    Math.floor(random() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0');
  return `rid: ${Math.floor(now / 1000).toString(16)}-${part()}-${part()}`;
}
