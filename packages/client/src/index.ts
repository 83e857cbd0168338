/** The public surface of the package. */
export {
  createTokenClient,
  type Lifetime,
  type Rejection,
  type TicketInfo,
  type TokenClient,
  type TokenInfo,
  type WaitOptions,
} from './token-client.js';
export { HubError, type HubErrorCode, type HubErrorDetails, type WechatRefusal } from './hub-error.js';
export type { TokenClientOptions } from './options.js';
export type { ClientClock } from './clock.js';
export type { FetchLike } from './fetch-transport.js';
export type { TicketType } from './hub-api.js';
export type { JssdkSignature, ReportOutcome } from './hub-answers.js';
export type { TlsOptions } from './node-transport.js';
