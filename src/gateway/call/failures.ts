import type { UpstreamError } from '../../core/upstream.js';
import { describeFailure } from '../../core/wechat-error.js';
import { HubException } from '../../web/hub-exception.js';
import { LARGEST_UPLOAD_BYTES } from './upload.js';

/** Why the hub itself ended a call. */
export type EndedBy = 'caller_gone' | 'too_large' | 'no_room' | 'silent' | 'shutdown';

/** What the caller of an ended call is told. `timeoutMs`: HUB_GATEWAY_TIMEOUT_MS. */
export function endedBy(why: EndedBy | undefined, timeoutMs: number): HubException {
  switch (why) {
    case 'too_large':
      return tooLarge();
    case 'no_room':
      return new HubException('HUB_RATE_LIMITED', 'The hub holds too many bodies of calls of this app.', {
        retryAfterSeconds: 1,
      });
    case 'silent':
      return upstreamFailed(
        describeFailure('timeout', `silent for ${timeoutMs} ms (HUB_GATEWAY_TIMEOUT_MS)`),
      );
    default:
      return new HubException('HUB_UPSTREAM_FAILED', 'The hub is shutting down.');
  }
}

export function tooLarge(): HubException {
  return new HubException(
    'HUB_TOO_LARGE',
    `The body is larger than ${LARGEST_UPLOAD_BYTES / 1024 / 1024} MiB.`,
  );
}

/**
 * WeChat could not be reached, or broke off. The hints of core/wechat-error.ts are about the hub's own calls, which it
 * makes again; a caller's call it leaves to the caller.
 */
export function upstreamFailed({ errmsg, hint, mayHaveActed }: UpstreamError): HubException {
  const next = mayHaveActed
    ? 'WeChat may have carried the call out; the hub leaves it at that. Send it again where that does no harm.'
    : `Nothing was sent. ${hint}`;
  return new HubException('HUB_UPSTREAM_FAILED', `${errmsg}. ${next}`);
}

export function withheld(): HubException {
  return new HubException(
    'HUB_UPSTREAM_FAILED',
    'The answer is packed, though it was asked for unpacked, and holds the access_token: it is not passed on.',
  );
}
