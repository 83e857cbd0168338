import type { HubSnapshot } from '../config/reload/hub-snapshot.js';
import type { Act } from '../core/access/client.js';
import { isExpired } from '../core/access/decision.js';
import type { AccessRequest } from './access-request.js';
import type { Denied, Granted } from './access-verdict.js';

/** What a request wants to do, and by what right. */
export interface Ask {
  readonly request: AccessRequest;
  readonly act: Act;
  /** As the caller sent it; `undefined` where the act concerns no app. */
  readonly appid: string | undefined;
  /**
   * `token`: an app's token, which the hub served, stands in the place of the key (the drop-in's `getticket`).
   * `address`: nothing does (/sns/userinfo and the like carry a user's token, which the hub cannot judge), so that the
   * address speaks alone, and for no browser.
   */
  readonly proof: 'key' | 'token' | 'address';
}

/** Who looks again. */
interface Rules {
  isCurrent(snapshot: HubSnapshot): boolean;
  wallNow(): number;
  checkAgain(ask: Ask): Denied | undefined;
}

/**
 * That a request was let in, under the configuration of that moment. It is asked once more at the way out
 * (web/exit.ts), whatever the request did in between: {@link denialNow} costs a comparison as long as the configuration
 * is the same one and no key has ended.
 */
export class Admission {
  readonly #rules: Rules;
  readonly #ask: Ask;
  readonly #snapshot: HubSnapshot;
  #denied: Denied | undefined;

  constructor(
    rules: Rules,
    ask: Ask,
    readonly verdict: Granted,
    snapshot: HubSnapshot,
  ) {
    this.#rules = rules;
    this.#ask = ask;
    this.#snapshot = snapshot;
  }

  get act(): Act {
    return this.#ask.act;
  }

  /** Its denial, if it would be denied now; reported to the audit log as any other, once. Counts as no further request. */
  denialNow(): Denied | undefined {
    if (this.#denied !== undefined) return this.#denied;
    const { key } = this.verdict;
    const sameRules = this.#rules.isCurrent(this.#snapshot);
    if (sameRules && (key?.expiresAt === undefined || !isExpired(key, this.#rules.wallNow())))
      return undefined;
    return (this.#denied = this.#rules.checkAgain(this.#ask));
  }
}
