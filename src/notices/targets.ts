import { isCritical, type NoticeKind, type NotifyTarget } from './notice.js';
import { Gathering } from './watching/gathering.js';

/** A target of apps.yaml with what is gathered for it: one team's noise delays no other team's notice. */
export interface GatheringTarget<T> {
  readonly target: NotifyTarget;
  readonly gathering: Gathering<NoticeKind, T>;
}

/** The targets of now; one that a reload does not change goes on with what is gathered for it. */
export class Targets<T> {
  #of: readonly NotifyTarget[] = [];
  #current: readonly GatheringTarget<T>[] = [];

  /** Those of now, in the order of the file. */
  of(targets: readonly NotifyTarget[]): readonly GatheringTarget<T>[] {
    if (targets === this.#of) return this.#current;
    const before = new Map(this.#current.map((each) => [keyOf(each.target), each.gathering]));
    this.#current = targets.map((target) => ({
      target,
      gathering: before.get(keyOf(target)) ?? new Gathering<NoticeKind, T>(isCritical),
    }));
    this.#of = targets;
    return this.#current;
  }
}

/** All that makes an entry of `notify` this one. Never logged: the URL is a secret. */
function keyOf({ type, tenant, url, language, apps, events }: NotifyTarget): string {
  return JSON.stringify([type, tenant, url.reveal(), language, apps && [...apps], events && [...events]]);
}
