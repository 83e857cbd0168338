import { HUB_ERRORS, type HubErrorCode } from '../core/hub-error.js';
import type { UpstreamError } from '../core/upstream.js';

export interface HubExceptionDetails {
  /** Whole seconds, at least 1; becomes `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** What WeChat said, where it refused. */
  readonly upstream?: UpstreamError | undefined;
  /** Further members of the problem document. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** An answer other than success, for the problem filter to write. `detail` is for the caller: what to do, no secret. */
export class HubException extends Error {
  constructor(
    readonly code: HubErrorCode,
    readonly detail: string,
    readonly details: HubExceptionDetails = {},
  ) {
    super(detail);
    this.name = 'HubException';
  }

  get status(): number {
    return HUB_ERRORS[this.code].status;
  }
}
