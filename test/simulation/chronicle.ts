import type { AppSettings } from '../../src/core/app.js';
import type { RefreshTrigger } from '../../src/events/hub-events.js';
import type { Validity } from '../../src/simulator/credentials.js';
import type { WeChatModel } from '../../src/simulator/wechat-model.js';
import type { SimulatedHub } from './simulated-hub.js';

/** A call of a hub to WeChat. All times are the world's. */
export interface Call {
  readonly hub: SimulatedHub;
  readonly app: AppSettings;
  /** Perhaps an admin asked for it: then it keeps no pace. */
  readonly byAdmin: boolean;
  /** What its hub held when it was made; `undefined`: nothing that was valid. */
  readonly held: Minted | undefined;
  /** Why it was made, once it has ended; never known of a hub that was killed meanwhile. */
  trigger: RefreshTrigger | undefined;
  /** Somebody asked for it, or for one that failed and is repeated by it: no rotation. */
  wanted: boolean;
  readonly sentAt: number;
  /** When the hub knew the outcome; never, where it was killed. */
  endedAt: number | undefined;
  ok: boolean | undefined;
  /** What WeChat minted for it. */
  minted: Minted | undefined;
}

/** A token that WeChat gave. */
export interface Minted {
  readonly value: string;
  readonly validity: Validity;
  /** `undefined`: somebody who is not a hub caused it. */
  readonly by: Call | undefined;
  /** Of the calls that brought it, when the first and the last were sent. */
  readonly firstSentAt: number;
  lastSentAt: number;
  /** When the first hub had it in hand. */
  knownAt: number | undefined;
  /** When Redis first took it in. */
  storedAt: number | undefined;
  /** How much too late an end it may have in Redis, since it was written by a hub whose clock had stood still; ms. */
  lateMs: number;
  /** … or too early: the clock of a hub that wrote it had stood still between its claim and the answer; ms. */
  earlyMs: number;
}

/** A token in Redis, since when, and with which version. */
export interface Kept {
  readonly at: number;
  readonly minted: Minted;
  readonly version: number;
  readonly fence: number;
  /** On Redis's clock. */
  readonly expiresAt: number;
}

/** What WeChat and Redis know, and no hub can know alone: what the checks go by. */
export class Chronicle {
  readonly #minted = new Map<string, Minted>();
  readonly #mints = new Map<string, Minted[]>();
  readonly #calls = new Map<string, Call[]>();
  readonly #kept = new Map<string, Kept[]>();

  constructor(private readonly model: WeChatModel) {}

  /** WeChat gave this to a call. */
  gave(call: Call, value: string): Minted {
    const known = this.#minted.get(value);
    if (known !== undefined) {
      known.lastSentAt = Math.max(known.lastSentAt, call.sentAt);
      return known;
    }
    return this.#born(value, call.app.appid, call);
  }

  /** Somebody else had it minted. */
  gaveOthers(appid: string, value: string, now: number): void {
    this.#born(value, appid, undefined, now);
  }

  #born(value: string, appid: string, by: Call | undefined, now = 0): Minted {
    const sentAt = by?.sentAt ?? now;
    const validity = this.model.validity(value)!;
    const minted: Minted = {
      value,
      validity,
      by,
      firstSentAt: sentAt,
      lastSentAt: sentAt,
      knownAt: undefined,
      storedAt: undefined,
      lateMs: 0,
      earlyMs: 0,
    };
    this.#minted.set(value, minted);
    append(this.#mints, appid, minted);
    return minted;
  }

  of(value: string): Minted | undefined {
    return this.#minted.get(value);
  }

  /** When it stops to work, as far as is decided. */
  diesAt(minted: Minted): number {
    return this.model.validity(minted.value)?.diesAt ?? minted.validity.expiresAt;
  }

  /** The latest last. */
  mints(appid: string): readonly Minted[] {
    return this.#mints.get(appid) ?? [];
  }

  sent(call: Call): void {
    append(this.#calls, call.app.appid, call);
  }

  /** The latest last. */
  calls(appid: string): readonly Call[] {
    return this.#calls.get(appid) ?? [];
  }

  /** Redis took it in. */
  keeps(appid: string, kept: Kept): void {
    kept.minted.storedAt ??= kept.at;
    append(this.#kept, appid, kept);
  }

  /** What Redis has kept since it last lost something; the latest last. */
  kept(appid: string): readonly Kept[] {
    return this.#kept.get(appid) ?? [];
  }

  /** Redis lost what it had taken in since then. */
  lost(appid: string, since: number): void {
    this.#kept.set(
      appid,
      this.kept(appid).filter(({ at }) => at <= since),
    );
  }
}

/** More than is looked at; each is about two hours of one app. */
const MOST_REMEMBERED = 400;

function append<T>(lists: Map<string, T[]>, key: string, element: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [element]);
  else if (list.push(element) > MOST_REMEMBERED) list.splice(0, MOST_REMEMBERED / 2);
}

/**
 * Whether who compares by the moments at which calls were sent may rightly take `older` for the newer one: its call
 * was under way when the other was born, and calls that overlap reach WeChat in any order. `slackMs`: what the
 * translation between two clocks may lose.
 */
export function mayPassForNewer(older: Minted, newer: Minted, slackMs: number): boolean {
  return older.lastSentAt >= newer.firstSentAt - slackMs;
}
