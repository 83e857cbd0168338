import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { isFailing } from '../core/attempt-outcome.js';
import { isValid } from '../core/credential.js';
import { isTooShortForSdks } from '../core/kinds/same-to-the-end.js';
import { ASK_APART_MS, type ReportOutcome } from '../core/report.js';
import type { Secret } from '../core/secret.js';
import type { Reporter } from '../events/hub-events.js';
import { TokenCheck } from './refresh/token-check.js';
import { TokenCache } from './token-cache.service.js';

/** Tokens that WeChat is said to refuse: by a caller's report, by the gateway, by an SDK that asks again. */
@Injectable()
export class TokenReports {
  constructor(
    private readonly cache: TokenCache,
    private readonly check: TokenCheck,
    private readonly clock: Clock,
  ) {}

  /**
   * "WeChat told me that this token is no good." Compares first; of many reports of one death the first asks WeChat
   * and the others share its answer.
   * @returns `undefined` where the hub has no valid token now: read the cache for why
   */
  async report(appid: string, reported: Secret, reporter: Reporter): Promise<ReportOutcome | undefined> {
    return this.cache.entry(appid)?.report(reported, reporter);
  }

  /**
   * An SDK asks again for the token that it just got, which is the only way it has to say that the token is dead.
   * @returns the check to wait for, begun here or shared; `undefined` where WeChat was asked just now, or where
   * attempts fail and the schedule keeps the pace
   */
  makeSure(appid: string, now = this.clock.now()): Promise<void> | undefined {
    const entry = this.cache.entry(appid);
    if (entry === undefined) return undefined;
    const { state } = entry.token;
    const { held } = state;
    if (!isValid(held, now) || isFailing(state, now) || isTooShortForSdks(held, now)) return undefined;
    const { underWay, askedAt } = entry.checks;
    if (underWay === undefined && now - askedAt < ASK_APART_MS) return undefined;
    return (underWay ?? this.check.ask(entry)).then(() => undefined);
  }
}
