import type { UpstreamError } from '../../core/upstream.js';
import { WHITELIST_ERRCODES } from '../../core/whitelist.js';
import type { Condition } from '../notice.js';

/** A failing app is told of when its token ends within so long. Milliseconds. */
export const PRESSING_MS = 10 * 60_000;
/** A recovery is one after it has lasted so long; until then the same failure is the same episode. Milliseconds. */
export const RECOVERY_MS = 120_000;
/** The same condition of an app is not told again within so long. Milliseconds. */
export const APART_MS = 60 * 60_000;
/**
 * Replicas see one state change within so long of each other, milliseconds: what another one told meanwhile was this
 * episode. Less than {@link RECOVERY_MS}, or an episode could be taken for the one before it.
 */
export const SAME_EPISODE_MS = 90_000;

/** What is looked at, of a token or a ticket. */
export interface CredentialLook {
  /** Failed attempts in a row. */
  readonly failures: number;
  /** Of the last failure; means something only while there are failures. */
  readonly error: UpstreamError | undefined;
  /** How long it still lives, ms; 0: there is none. */
  readonly remainingMs: number;
}

/** The gravest first: an app is told of once, as the gravest of what begins together. */
export function conditionsOf({ failures, error, remainingMs }: CredentialLook): Condition[] {
  if (failures === 0) return [];
  const conditions: Condition[] = [];
  const refusal = error === undefined ? undefined : refusalOf(error);
  if (remainingMs < PRESSING_MS) conditions.push('token_ending');
  if (refusal !== undefined) conditions.push(refusal);
  return conditions;
}

/** Whether a ticket that is kept is a matter for a person. Without a token to ask with, that is the matter. */
export function isTicketFailing({ failures, error, remainingMs }: CredentialLook): boolean {
  if (failures === 0 || error === undefined || error.reason === 'no_access_token') return false;
  return error.class !== 'transient' || remainingMs < PRESSING_MS;
}

function refusalOf({ class: errorClass, errcode, reason }: UpstreamError): Condition | undefined {
  if (reason === 'no_secret') return 'wrong_secret';
  if (errcode !== undefined && WHITELIST_ERRCODES.has(errcode)) return 'not_whitelisted';
  switch (errcode) {
    case 40125:
    case 40001:
      return errorClass === 'configuration' ? 'wrong_secret' : undefined;
    case 45009:
      return 'quota_gone';
    default:
      return errorClass === 'configuration' ? 'refused' : undefined;
  }
}

interface Episode {
  readonly since: number;
  /** Handed out to be told, and not yet heard of again. */
  raised: boolean;
  told: boolean;
  /** Not to be raised earlier. */
  notBefore: number;
  /** Since when the condition is gone; `undefined`: it is there. */
  quietSince: number | undefined;
}

export interface Change<C> {
  /** To be told, if they are still there when it is time. */
  readonly raise: readonly C[];
  /** Not empty: all is well again, after these. */
  readonly recovered: readonly C[];
  /** Told, and over for good now. */
  readonly over: readonly C[];
}

/**
 * The conditions of one app, or of the hub, over time: what is told, and when.
 *
 * - A condition is raised once per episode. It is over for good when it was gone for {@link RECOVERY_MS}.
 * - One of which nothing was told ends without a word.
 * - {@link heard} says when it was told: to this episode, or to an earlier one; then it waits until
 *   {@link APART_MS} after that, and is raised if it is still there.
 * - All is well again when the last condition is over and any was told.
 *
 * Times: epoch ms on the hub's clock.
 */
export class Watch<C> {
  readonly #episodes = new Map<C, Episode>();
  readonly #suffered = new Set<C>();

  look(conditions: readonly C[], now: number): Change<C> {
    const raise: C[] = [];
    const over: C[] = [];
    if (conditions.length === 0 && this.#episodes.size === 0) return { raise, recovered: [], over };
    for (const condition of conditions) {
      const episode = this.#present(condition, now);
      if (episode.told || episode.raised || now < episode.notBefore) continue;
      episode.raised = true;
      raise.push(condition);
    }
    for (const [condition, episode] of this.#episodes) {
      if (conditions.includes(condition)) continue;
      episode.quietSince ??= now;
      if (episode.told && now - episode.quietSince < RECOVERY_MS) continue;
      this.#episodes.delete(condition);
      if (episode.told) over.push(condition);
    }
    if (this.#episodes.size > 0 || this.#suffered.size === 0) return { raise, recovered: [], over };
    const recovered = [...this.#suffered];
    this.#suffered.clear();
    return { raise, recovered, over };
  }

  /** Whether the condition was there at the last look and is to be told. */
  isOpen(condition: C): boolean {
    const episode = this.#episodes.get(condition);
    return episode !== undefined && episode.quietSince === undefined && !episode.told;
  }

  /** Whether the condition was there at the last look and was told. */
  isKnown(condition: C): boolean {
    const episode = this.#episodes.get(condition);
    return episode !== undefined && episode.quietSince === undefined && episode.told;
  }

  /** When the condition was told, by this replica or another. */
  heard(condition: C, toldAt: number): void {
    const episode = this.#episodes.get(condition);
    if (episode === undefined) return;
    episode.raised = false;
    if (toldAt >= episode.since - SAME_EPISODE_MS) {
      episode.told = true;
      this.#suffered.add(condition);
    } else {
      episode.notBefore = toldAt + APART_MS;
    }
  }

  /** Nothing to remember. */
  get isIdle(): boolean {
    return this.#episodes.size === 0;
  }

  #present(condition: C, now: number): Episode {
    let episode = this.#episodes.get(condition);
    if (episode === undefined) {
      episode = { since: now, raised: false, told: false, notBefore: now, quietSince: undefined };
      this.#episodes.set(condition, episode);
    }
    episode.quietSince = undefined;
    return episode;
  }
}
