import type { FastifyReply } from 'fastify';
import type { Clock } from '../../clock/clock.js';
import type { FairShares } from '../../core/fair-shares.js';
import type { HubEvents } from '../../events/hub-events.js';
import type { AppRequest } from '../../web/app-request.js';
import type { TokenReports } from '../../token-cache/token-reports.service.js';
import type { TokenCache } from '../../token-cache/token-cache.service.js';
import type { GatewayUpstream } from '../gateway-upstream.js';
import type { RefusedAddresses } from '../refused-addresses.js';

/** An admitted request: what to forward, and how to answer in the form in which it came. */
export interface Order {
  readonly request: AppRequest;
  readonly reply: FastifyReply;
  readonly appid: string;
  /** Judged (rules/target.ts). */
  readonly path: string;
  /** As it came. */
  readonly query: string | undefined;
  /** On the hub's clock. */
  readonly startedAt: number;
  /** Writes an error, whatever was thrown. */
  fail(error: unknown): void;
  /** The body is about to leave. @throws {HubException} where it holds a hub key. */
  lookInto(body: Buffer): void;
  /** A reload takes effect at once, also on calls that wait. @throws {HubException} */
  checkAgain(): void;
}

/** What every call needs. */
export interface GatewayParts {
  readonly cache: TokenCache;
  readonly tokenReports: TokenReports;
  readonly upstream: GatewayUpstream;
  /** Of request bodies. */
  readonly heldBytes: FairShares;
  readonly clock: Clock;
  readonly events: HubEvents;
  readonly refused: RefusedAddresses;
  /** HUB_GATEWAY_TIMEOUT_MS. */
  readonly timeoutMs: number;
}
