import type { AppKindName } from '../../core/app.js';
import { DROP_IN_ERRORS, type DropInError } from '../../core/dropin.js';
import type { HubErrorCode } from '../../core/hub-error.js';

/**
 * The errors of the gateway in the shape that WeChat's SDKs read: HTTP 200 with errcode. Denials are those of the
 * drop-in endpoints (core/dropin.ts).
 */
export const TRANSPARENT_ERRORS = {
  notServed: DROP_IN_ERRORS.notServed,
  malformed: {
    errcode: 40066,
    errmsg: 'invalid url: the hub forwards plain paths only, of letters, digits and - . _ ~',
  },
  tooLarge: { errcode: 45001, errmsg: 'media size out of limit: the hub forwards bodies of at most 20 MiB' },
  tooMany: {
    errcode: 45011,
    errmsg: 'api minute-quota reach limit: too many calls of this app are under way',
  },
  tooManyOfWeCom: { errcode: 45033, errmsg: 'too many calls of this app are under way at the hub' },
  failed: { errcode: -1, errmsg: 'system error: the hub could not reach WeChat, or was cut off' },
} as const satisfies Record<string, DropInError>;

/** The same error in the other shape. */
export function transparentErrorOf(
  code: HubErrorCode,
  detail: string,
  kind: AppKindName = 'wechat',
): DropInError {
  switch (code) {
    case 'HUB_NOT_GRANTED':
      return {
        errcode: kind === 'wecom' ? 48002 : 40013,
        errmsg: `${kind === 'wecom' ? 'api forbidden' : 'invalid appid'}: ${detail}`,
      };
    case 'HUB_BAD_REQUEST':
      return TRANSPARENT_ERRORS.malformed;
    case 'HUB_TOO_LARGE':
      return TRANSPARENT_ERRORS.tooLarge;
    case 'HUB_RATE_LIMITED':
      return kind === 'wecom' ? TRANSPARENT_ERRORS.tooManyOfWeCom : TRANSPARENT_ERRORS.tooMany;
    case 'HUB_UPSTREAM_FAILED':
    case 'HUB_TOKEN_UNAVAILABLE':
      return { errcode: -1, errmsg: `system error: ${detail}` };
    default:
      return TRANSPARENT_ERRORS.failed;
  }
}
