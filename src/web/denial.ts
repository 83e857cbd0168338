import type { Denied } from '../access-guard/access-verdict.js';
import { HubException } from './hub-exception.js';

/** A denial as an error of /v1 and /admin. */
export function denialOf(denied: Denied): HubException {
  switch (denied.reason) {
    case 'unauthenticated':
      return new HubException(
        'HUB_UNAUTHENTICATED',
        'Send a key of a client entry, or a token of an identity that one names, that is not expired: Authorization: Bearer <key or token>. The audit log of the hub says what was wrong.',
      );
    case 'ip_not_allowed':
      if (denied.cause === 'browser') {
        return new HubException(
          'HUB_IP_NOT_ALLOWED',
          `The address ${denied.address} alone does not let browsers in (Origin, Sec-Fetch-* or Cookie was sent): pages of other sites call from there too. Send a key.`,
        );
      }
      return new HubException(
        'HUB_IP_NOT_ALLOWED',
        `The address ${denied.address} is not one that the client entry accepts. Behind a proxy, HUB_TRUSTED_PROXIES must name it.`,
      );
    case 'not_granted':
      return notGranted();
    case 'rate_limited':
      return new HubException('HUB_RATE_LIMITED', 'Too many requests from this client and address.', {
        retryAfterSeconds: denied.retryAfterSeconds,
      });
    default:
      return unreachable(denied);
  }
}

export function notGranted(): HubException {
  return new HubException('HUB_NOT_GRANTED', 'No such app, or this client is not granted it or the act.');
}

/** The compiler holds that no reason is forgotten; at run time an unknown one would still be denied. */
function unreachable(_denied: never): HubException {
  return notGranted();
}
