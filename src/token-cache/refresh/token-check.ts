import { Injectable } from '@nestjs/common';
import { Clock, type TimerHandle } from '../../clock/clock.js';
import { BoundedMap } from '../../core/access/bounded-map.js';
import { isFailing } from '../../core/attempt-outcome.js';
import { isValid, type Held } from '../../core/credential.js';
import {
  ASK_APART_MS,
  decideReport,
  mintNotBefore,
  MINT_APART_MS,
  notBeforeAfter,
  type ReportOutcome,
} from '../../core/report.js';
import { TOKEN_FAMILIES } from '../../core/kinds/token-families.js';
import type { Secret } from '../../core/secret.js';
import { isToBeProbed, provedAlive, provedDead } from '../../core/unseen-mint.js';
import { HubEvents, type RefreshEnded, type Reporter, type RefreshTrigger } from '../../events/hub-events.js';
import { WeChatClient, type ProbeResult } from '../../wechat-client/wechat-client.js';
import { StoreAgreement } from '../replicas/store-agreement.js';
import { TokenStore } from '../token-store.js';
import { AttemptLoop } from './attempt-loop.js';
import type { CredentialCell, CellOwner } from './credential-cell.js';

/** What a check needs of an app, and may do with it. */
export interface CheckedApp extends CellOwner {
  readonly token: CredentialCell;
  readonly checks: CheckHistory;
  refresh(cell: CredentialCell, trigger: RefreshTrigger): Promise<RefreshEnded | undefined>;
  settle(cell: CredentialCell): void;
}

/** What is remembered of the checks of one app. Epoch ms on the hub's clock. */
export class CheckHistory {
  /** When WeChat was last asked because of a report, or since an SDK asked again. */
  askedAt = Number.NEGATIVE_INFINITY;
  /** When a `token` was last minted because a report proved true. */
  mintedAt = Number.NEGATIVE_INFINITY;
  /** When it was last probed because an unseen mint may have ended it. */
  probedAt = Number.NEGATIVE_INFINITY;
  /** The check under way; whoever asks meanwhile shares it. Never rejects. */
  underWay: Promise<ReportOutcome | undefined> | undefined;
  /** Looks into a report that came too early to ask. */
  timer: TimerHandle | undefined;
  /** Since when the shared throttle has let nothing pass. */
  heldOffSince: number | undefined;
}

interface Liar {
  readonly falseReports: number;
  readonly notBefore: number;
}

/** Reporters that are remembered, over all apps. */
const MOST_REPORTERS = 20_000;
/** A token that may be dead is probed so often at most, while attempts fail, ms. */
const PROBES_APART_MS = 30_000;
/** What the shared throttle holds off for longer is asked regardless, ms: its own longest wait. */
const LONGEST_HELD_OFF_MS = MINT_APART_MS;

/**
 * Asks WeChat whether the token that is held is alive, because somebody says that it is not: a caller, the gateway, a
 * ticket call, an SDK that asks again. All come through here, so that together they keep the limits of core/report.ts.
 */
@Injectable()
export class TokenCheck {
  readonly #reporters = new BoundedMap<string, Liar>(MOST_REPORTERS);

  constructor(
    private readonly client: WeChatClient,
    private readonly attempts: AttemptLoop,
    private readonly store: TokenStore,
    private readonly agreement: StoreAgreement,
    private readonly clock: Clock,
    private readonly events: HubEvents,
  ) {}

  /** @returns `undefined` where the hub has no valid token now */
  async report(entry: CheckedApp, reported: Secret, reporter: Reporter): Promise<ReportOutcome | undefined> {
    const { app, token, checks } = entry;
    const now = this.clock.now();
    const name = nameOf(app.appid, reporter);
    const liar = name === undefined ? undefined : this.#reporters.get(name);
    const notBefore = liar?.notBefore ?? Number.NEGATIVE_INFINITY;
    const decision = decideReport(token.state, reported, app.tokenApi, checks.askedAt, notBefore, now);
    switch (decision.kind) {
      case 'superseded':
        return 'superseded';
      case 'unavailable':
        return undefined;
      case 'throttled': {
        // A check or an attempt that is under way is as good as one of their own.
        const shared = now < notBefore ? undefined : (checks.underWay ?? this.#shareAttempt(entry));
        return shared ?? 'throttled';
      }
      case 'ask': {
        const outcome = await this.ask(entry);
        this.#remember(name, outcome);
        return outcome;
      }
      default:
        return unreachable(decision);
    }
  }

  /** Asks WeChat about the token that is held, or joins who asks. Shared, and at most once in 5 s over all replicas. */
  ask(entry: CheckedApp): Promise<ReportOutcome | undefined> {
    const { checks } = entry;
    if (checks.underWay !== undefined) return checks.underWay;
    checks.askedAt = this.clock.now();
    this.clock.clearTimeout(checks.timer);
    checks.timer = undefined;
    checks.underWay = this.#ask(entry).finally(() => {
      checks.underWay = undefined;
    });
    return checks.underWay;
  }

  /** After an attempt that failed: the token that is held may have been dead for a while (core/unseen-mint.ts). */
  async probeUnseen(entry: CheckedApp): Promise<void> {
    const { token, checks } = entry;
    const askedAt = this.clock.now();
    if (!isToBeProbed(token.state, askedAt) || askedAt - checks.probedAt < PROBES_APART_MS) return;
    checks.probedAt = askedAt;
    const asked = token.state.held;
    const result = await this.probe(entry);
    const { state } = token;
    // What came in meanwhile has settled it, or is another token's matter.
    if (entry.removed || !asked?.value.equals(state.held?.value)) return;
    if (result === 'alive') token.know(provedAlive(state, askedAt));
    if (result === 'dead') this.#lose(entry, asked);
  }

  /** The app is gone. */
  forget({ checks }: CheckedApp): void {
    this.clock.clearTimeout(checks.timer);
  }

  #shareAttempt({ token }: CheckedApp): Promise<ReportOutcome | undefined> | undefined {
    const before = token.state.held;
    return token.underWay?.done.then((ended) => this.#outcome(token, before, ended));
  }

  /** Once, when WeChat may be asked again: a report that came in between may be true. */
  #askLater(entry: CheckedApp, at: number): void {
    const { checks, token } = entry;
    if (checks.timer !== undefined) return;
    const suspected = token.state.held;
    checks.timer = this.clock.setTimeout(
      () => {
        checks.timer = undefined;
        const { held } = token.state;
        if (entry.removed || !isValid(held, this.clock.now()) || !held.value.equals(suspected?.value)) return;
        void this.ask(entry);
      },
      Math.max(0, at - this.clock.now()),
    );
  }

  async #ask(entry: CheckedApp): Promise<ReportOutcome | undefined> {
    const { app, token } = entry;
    const { held } = token.state;
    if (held === undefined) return undefined;
    if (!(await this.#mayPass(entry, 'ask', ASK_APART_MS))) return 'throttled';
    // What came in while the store was asked: another token, or a failure whose pace holds for reports too.
    if (!held.value.equals(token.state.held?.value)) return 'superseded';
    if (TOKEN_FAMILIES[app.tokenApi].isCheckedBy === 'call') {
      if (isFailing(token.state, this.clock.now())) return 'throttled';
      const ended = await entry.refresh(token, 'report');
      // From call to call: a slow store may have stood in between.
      entry.checks.askedAt = Math.max(entry.checks.askedAt, token.state.attemptedAt ?? 0);
      return this.#outcome(token, held, ended);
    }
    switch (await this.probe(entry)) {
      case 'alive':
        return 'confirmed';
      case 'dead':
        return this.#replaceDead(entry, held);
      default:
        // WeChat could not be asked: nothing is known, and a report costs no valid token.
        return 'throttled';
    }
  }

  /** Minted anew; not served any more where that fails. */
  async #replaceDead(entry: CheckedApp, dead: Held): Promise<ReportOutcome | undefined> {
    const { token, checks } = entry;
    const now = this.clock.now();
    if (!dead.value.equals(token.state.held?.value)) return 'superseded';
    const notBefore = mintNotBefore(token.state, checks.mintedAt);
    if (now < notBefore) {
      this.#askLater(entry, notBefore);
      return 'throttled';
    }
    if (!(await this.#mayPass(entry, 'report', MINT_APART_MS))) return 'throttled';
    checks.mintedAt = now;
    const ended = await entry.refresh(token, 'report');
    checks.mintedAt = Math.max(now, token.state.attemptedAt ?? now);
    const outcome = this.#outcome(token, dead, ended);
    if (outcome === 'refreshed' || outcome === undefined || entry.removed) return outcome;
    this.#lose(entry, dead);
    return undefined;
  }

  #lose(entry: CheckedApp, dead: Held): void {
    const { token, app } = entry;
    if (!dead.value.equals(token.state.held?.value)) return;
    token.know(provedDead(token.state, this.clock.now()));
    this.events.emit('tokenLost', { appid: app.appid, version: dead.version });
    entry.settle(token);
  }

  /**
   * Asks WeChat about the token that is held, or about `given`. One call of the app at a time.
   * @returns `undefined`: there is no valid token to ask about.
   */
  async probe({ app, token, removed }: CheckedApp, given?: Secret): Promise<ProbeResult | undefined> {
    const release = await this.attempts.mutex.acquire(`${app.appid} ${token.slot}`);
    try {
      const { held } = token.state;
      const asked = given ?? (isValid(held, this.clock.now()) ? held.value : undefined);
      if (removed || this.attempts.closing || asked === undefined) return undefined;
      return await this.client.probeToken(app, asked);
    } finally {
      release();
    }
  }

  /** Over all replicas; this process has kept its own count already. Another's count is believed for a minute at most. */
  async #mayPass({ app, checks }: CheckedApp, purpose: string, apartMs: number): Promise<boolean> {
    let waitMs = 0;
    try {
      waitMs = await this.store.throttle(app.appid, purpose, apartMs);
    } catch (error) {
      this.agreement.tell('store.throttle', error);
    }
    const now = this.clock.now();
    checks.heldOffSince ??= now;
    const passes = waitMs <= 0 || now - checks.heldOffSince >= LONGEST_HELD_OFF_MS;
    if (passes) checks.heldOffSince = undefined;
    return passes;
  }

  #outcome(
    { state }: CredentialCell,
    before: Held | undefined,
    ended: RefreshEnded | undefined,
  ): ReportOutcome | undefined {
    const { held } = state;
    if (held !== undefined && !held.value.equals(before?.value)) return 'refreshed';
    if (!isValid(held, this.clock.now())) return undefined;
    return ended === undefined || ended.outcome === 'failed' ? 'throttled' : 'confirmed';
  }

  #remember(name: string | undefined, outcome: ReportOutcome | undefined): void {
    if (name === undefined) return;
    if (outcome === 'confirmed') {
      const falseReports = (this.#reporters.get(name)?.falseReports ?? 0) + 1;
      this.#reporters.set(name, { falseReports, notBefore: notBeforeAfter(falseReports, this.clock.now()) });
    } else if (outcome === 'refreshed') {
      this.#reporters.set(name, { falseReports: 0, notBefore: Number.NEGATIVE_INFINITY });
    }
  }
}

/** Who is held to account; the hub's own ticket calls are not. */
function nameOf(appid: string, reporter: Reporter): string | undefined {
  if (reporter.by === 'ticket') return undefined;
  return `${appid} ${reporter.clientId ?? reporter.address ?? ''}`;
}

function unreachable(decision: never): never {
  throw new Error(`unknown decision ${String(decision)}`);
}
