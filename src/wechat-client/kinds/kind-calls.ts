import type { AppSettings, TicketType } from '../../core/app.js';
import type { MintProof } from '../../core/platform/mint-proof.js';
import type { Secret } from '../../core/secret.js';

/** A call as it will be sent, below the upstream's base URL. Holds secrets. */
export interface KindCall {
  /** From the `/` on. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent by POST, as JSON; without: GET. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** What must not reappear in an error. */
  readonly secrets: readonly string[];
}

/** The calls that the hub makes for itself, as apps of one kind want them: see core/kinds/app-kind.ts. */
export interface KindCalls {
  /** @param proof what such an app asks with, where that is not its AppSecret */
  token(app: AppSettings, force: boolean, proof?: MintProof): KindCall;
  ticket(type: TicketType, token: Secret): KindCall;
  /** Without side effects; answers with a list: `ip_list`, or `list`. */
  probe(app: AppSettings, token: Secret): KindCall;
}
