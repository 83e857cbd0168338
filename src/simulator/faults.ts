import type { Endpoint } from './journal.js';

/** Which calls a fault hits. */
export interface FaultScope {
  /** Default `*`: every endpoint. */
  readonly endpoint?: Endpoint | '*';
  /** Default: every app. With `*` at its end: those that begin so. */
  readonly appid?: string;
  /** How many calls it hits before it is used up. Default 1; Infinity lasts until it is cleared. */
  readonly times?: number;
  /** Chance in [0, 1] that a call in its scope is hit. Default 1. */
  readonly probability?: number;
  /** Simulated ms between the arrival and the fault. Default 0. */
  readonly delayMs?: number;
}

/** Whether WeChat acts on the call (mints, counts) before the answer is spoilt. Default false. */
interface MayBeApplied {
  readonly applied?: boolean;
}

/** Faults that spoil a real answer: WeChat has acted. */
type AnswerFault =
  /**
   * The real answer, `delayMs` late. WeChat acts on arrival, so that a caller who times out has lost a token;
   * with `applied: false` it acts when the delay is over, and not at all if the caller has gone by then.
   */
  | { readonly kind: 'delay'; readonly delayMs: number; readonly applied?: boolean }
  /** The real answer, a byte every `intervalMs` (simulated, default 1000). */
  | { readonly kind: 'drip'; readonly intervalMs?: number }
  /** Without `field`; default: the token or ticket. */
  | { readonly kind: 'missing_field'; readonly field?: string }
  | { readonly kind: 'expires_in_string' }
  /** `access_token` (or `ticket`) is `""`. */
  | { readonly kind: 'blank_token' }
  /** The real answer with these fields put over it. */
  | { readonly kind: 'patch'; readonly patch: Readonly<Record<string, unknown>> };

/** Faults that need no real answer. */
type OutrightFault = MayBeApplied &
  (
    | { readonly kind: 'errcode'; readonly errcode: number; readonly errmsg?: string }
    /** Status 200, no body. */
    | { readonly kind: 'empty' }
    /** Status 200 with a proxy's HTML page. */
    | { readonly kind: 'html' }
    /** A proxy's HTML page with this status. Default 502. */
    | { readonly kind: 'status'; readonly status?: number }
    /** Status 200, `application/json`, and a body that is no JSON. */
    | { readonly kind: 'not_json' }
    /** A JSON answer padded to this many bytes. Default 128 KiB. */
    | { readonly kind: 'huge'; readonly bytes?: number }
    /** The connection is reset before any answer. */
    | { readonly kind: 'reset' }
    /** Headers and half of the body, then the connection is destroyed. */
    | { readonly kind: 'cut' }
    /** No answer until the fault is released (then the real one) or the simulator closes. */
    | { readonly kind: 'hang' }
  );

export type FaultSpec = FaultScope & (AnswerFault | OutrightFault);
export type FaultKind = FaultSpec['kind'];

/** A fault that was set. */
export interface FaultHandle {
  readonly id: number;
  readonly kind: FaultKind;
  /** Calls hit so far. */
  readonly hits: number;
  /** Calls that hang in it now. */
  readonly held: number;
  /** Hits no more calls. Those that hang in it go on hanging. */
  clear(): void;
  /** Gives all calls that hang in it their real answer. Later ones hang again while the fault lasts. */
  release(): void;
  /** Resolves once it has hit at least so many calls. */
  waitForHits(count: number): Promise<void>;
}

/** A fault as the HTTP shell plays it. */
export class ActiveFault implements FaultHandle {
  readonly id: number;
  readonly spec: FaultSpec;
  readonly clear: () => void;
  readonly #held = new Set<() => void>();
  readonly #waiting = new Set<() => void>();
  #hits = 0;

  constructor(id: number, spec: FaultSpec, clear: () => void) {
    this.id = id;
    this.spec = spec;
    this.clear = clear;
  }

  get kind(): FaultKind {
    return this.spec.kind;
  }

  get hits(): number {
    return this.#hits;
  }

  get held(): number {
    return this.#held.size;
  }

  get lasting(): boolean {
    return this.spec.times === Number.POSITIVE_INFINITY;
  }

  covers(endpoint: Endpoint, appid: string): boolean {
    const { spec } = this;
    const here = spec.endpoint === undefined || spec.endpoint === '*' || spec.endpoint === endpoint;
    return here && (spec.appid === undefined || isOneOf(spec.appid, appid));
  }

  hit(): void {
    this.#hits += 1;
    if (this.#hits >= (this.spec.times ?? 1)) this.clear();
    for (const check of [...this.#waiting]) check();
  }

  /** Keeps a call until release; `letGo` is how to end the waiting from outside. */
  hold(letGo: () => void): void {
    this.#held.add(letGo);
  }

  unhold(letGo: () => void): void {
    this.#held.delete(letGo);
  }

  release(): void {
    for (const letGo of [...this.#held]) letGo();
  }

  async waitForHits(count: number): Promise<void> {
    if (this.#hits >= count) return;
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (this.#hits < count) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
    });
  }
}

function isOneOf(pattern: string, appid: string): boolean {
  return pattern.endsWith('*') ? appid.startsWith(pattern.slice(0, -1)) : pattern === appid;
}

/**
 * The faults that are set. Of those that cover a call:
 *
 * - counted ones come first, in the order in which they were set: a script of one-shots plays in sequence;
 * - then lasting ones, the latest first: a new one overrides an old one.
 */
export class FaultTable {
  readonly #random: () => number;
  readonly #active = new Map<number, ActiveFault>();
  /** Every fault in which a call may hang, cleared or not: `clear` of all must let go of them. */
  readonly #holding = new Set<ActiveFault>();
  #lastId = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  get size(): number {
    return this.#active.size;
  }

  add(spec: FaultSpec): ActiveFault {
    this.#lastId += 1;
    const id = this.#lastId;
    const fault = new ActiveFault(id, spec, () => this.#active.delete(id));
    this.#active.set(id, fault);
    if (spec.kind === 'hang') this.#holding.add(fault);
    return fault;
  }

  find(id: number): ActiveFault | undefined {
    return this.#active.get(id);
  }

  /** The fault that this call meets, if any. Counts the hit. */
  take(endpoint: Endpoint, appid: string): ActiveFault | undefined {
    if (this.#active.size === 0) return undefined;
    const covering = [...this.#active.values()].filter((fault) => fault.covers(endpoint, appid));
    const counted = covering.filter((fault) => !fault.lasting);
    const lasting = covering.filter((fault) => fault.lasting).reverse();
    const met = [...counted, ...lasting].find(({ spec }) => this.#random() < (spec.probability ?? 1));
    met?.hit();
    return met;
  }

  /** Removes every fault and gives the calls that hang their real answers. */
  clear(): void {
    this.#active.clear();
    for (const fault of this.#holding) fault.release();
    this.#holding.clear();
  }
}
