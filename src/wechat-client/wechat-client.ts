import type { AppSettings, TicketType } from '../core/app.js';
import type { MintProof } from '../core/platform/mint-proof.js';
import type { Secret } from '../core/secret.js';
import type { UpstreamError, UpstreamResult } from '../core/upstream.js';

export interface FetchTokenOptions {
  /** `stable_token`: WeChat's `force_refresh`, 20 a day. `token`: no effect, each call mints anyway. Default false. */
  readonly force?: boolean;
  /** Of a platform and its authorizers, which ask by this. */
  readonly proof?: MintProof | undefined;
}

/**
 * The calls that the hub makes for itself. A port.
 *
 * - One method call is at most one upstream call: no retries, also not on a stale connection, since the pace of
 *   failing calls is the scheduler's. Nothing limits or coalesces here.
 * - Nothing rejects or throws: each outcome is a value, free of secrets.
 * - Each call ends within HUB_WECHAT_TIMEOUT_MS on the hub's clock.
 */
export abstract class WeChatClient {
  /** Asks the app's token API for a token. */
  abstract fetchToken(app: AppSettings, options?: FetchTokenOptions): Promise<UpstreamResult>;

  /**
   * Asks for a ticket; `grant.value` is the ticket. An error whose errcode `isDeadTokenErrcode` says that `token` is
   * dead. WeChat answers `expires_in` 7200 throughout a ticket's life, so a ticket known already lives no longer.
   */
  abstract fetchTicket(app: AppSettings, type: TicketType, token: Secret): Promise<UpstreamResult>;

  /** Asks WeChat whether it takes `token`, by a call without side effects. An error says neither. */
  abstract probeToken(app: AppSettings, token: Secret): Promise<ProbeResult>;
}

export type ProbeResult = 'alive' | 'dead' | UpstreamError;
