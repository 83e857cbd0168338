import type { Clock } from '../clock/clock.js';
import type { Condition, HubCondition, Notice, Subject } from './notice.js';
import type { NoticeClaims } from './notice-claims.js';
import type { Notices } from './notices.service.js';
import { APART_MS, SAME_EPISODE_MS, Watch } from './watching/watch.js';

export interface EpisodesOptions {
  /** What there is to say of the subject when it is time; `undefined`: nothing any more. */
  readonly noticeOf: (subject: string, kind: string) => Notice | undefined;
  readonly concerns: (subject: string) => Subject;
}

/**
 * Has the conditions of subjects (apps, or the hub) told: each once per episode over all replicas, also where the one
 * that told it was started anew.
 */
export class Episodes<C extends Condition | HubCondition> {
  /** Of subjects that something is to be remembered of. */
  readonly #watches = new Map<string, Watch<C>>();
  /** `subject condition` of episodes that this process has seen end: what comes after is another one. */
  readonly #over = new Set<string>();

  constructor(
    private readonly notices: Notices,
    private readonly claims: NoticeClaims,
    private readonly clock: Clock,
    private readonly options: EpisodesOptions,
  ) {}

  clear(): void {
    this.#watches.clear();
  }

  /** Forgets subjects that are gone. */
  keepOnly(isKnown: (subject: string) => boolean): void {
    for (const subject of this.#watches.keys()) if (!isKnown(subject)) this.#watches.delete(subject);
    for (const key of this.#over) if (!isKnown(key.split(' ')[0] ?? '')) this.#over.delete(key);
  }

  /** @param groups what is there now; of each group what begins together is told as one, as its first */
  look(subject: string, groups: readonly (readonly C[])[], now: number): void {
    const conditions = groups.flat();
    let watch = this.#watches.get(subject);
    if (watch === undefined) {
      if (conditions.length === 0) return;
      this.#watches.set(subject, (watch = new Watch<C>()));
    }
    const { raise, recovered, over } = watch.look(conditions, now);
    for (const condition of over) this.#over.add(`${subject} ${condition}`);
    for (const group of groups) {
      const raised = group.filter((condition) => raise.includes(condition));
      if (raised.length > 0) this.#raise(subject, raised);
    }
    for (const condition of conditions) {
      if (watch.isKnown(condition)) void this.claims.noteLasting(subject, condition);
    }
    if (recovered.length > 0) this.#recovered(subject, recovered);
    if (watch.isIdle) this.#watches.delete(subject);
  }

  #raise(subject: string, conditions: readonly C[]): void {
    const isMine = once(() => this.#claim(subject, conditions));
    this.notices.add(conditions, {
      key: subject,
      subject: this.options.concerns(subject),
      ripe: async (kind) => {
        const watch = this.#watches.get(subject);
        const isThere = conditions.some(
          (each) => watch?.isOpen(each) === true || watch?.isKnown(each) === true,
        );
        if (!isThere || !(await isMine())) return undefined;
        return this.options.noticeOf(subject, kind);
      },
    });
  }

  /** Whether this replica tells it. */
  async #claim(subject: string, conditions: readonly C[]): Promise<boolean> {
    const watch = this.#watches.get(subject);
    const [first] = conditions;
    if (watch === undefined || first === undefined) return false;
    const heard = (toldAt: number): void => {
      for (const condition of conditions) watch.heard(condition, toldAt);
    };
    // Of a first episode nobody here knows when it began: it may be the one that was told before a restart.
    const isFirst = !this.#over.has(`${subject} ${first}`);
    if (isFirst && (await this.claims.lasts(subject, first))) {
      heard(this.clock.now());
      return false;
    }
    const [toldAt] = await Promise.all(
      conditions.map((condition) => this.claims.claim(subject, condition, APART_MS)),
    );
    heard(toldAt ?? this.clock.now());
    return toldAt === undefined;
  }

  #recovered(subject: string, from: readonly C[]): void {
    const isMine = once(
      async () => (await this.claims.claim(subject, 'recovered', SAME_EPISODE_MS)) === undefined,
    );
    this.notices.add(['recovered'], {
      key: subject,
      subject: this.options.concerns(subject),
      ripe: async () => {
        if (!(await isMine())) return undefined;
        const notice = this.options.noticeOf(subject, 'recovered');
        return notice === undefined ? undefined : { ...notice, from, error: undefined, cause: undefined };
      },
    });
  }
}

/** Each target asks when its time has come; what is decided for one holds for all. */
function once<T>(decide: () => Promise<T>): () => Promise<T> {
  let decided: Promise<T> | undefined;
  return () => (decided ??= decide());
}
