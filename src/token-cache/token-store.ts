import type { Held } from '../core/credential.js';

/** The right to refresh one app, given to one replica at a time. */
export interface Claim {
  /** Grows with every claim of the app; the store refuses what comes with a smaller one than it has seen. */
  readonly fence: number;
  /** Gives the right back. Never throws. */
  release(): Promise<void>;
}

export type SaveOutcome =
  | { readonly saved: true }
  /** The store holds a newer one; nothing was written. */
  | { readonly saved: false; readonly newer: Held };

/**
 * Where tokens and tickets live beyond one process's memory, and how replicas agree on who refreshes. Callers are never served
 * from here: the cache reads it at the start, writes after each refresh, and goes on without it where it fails.
 *
 * Times in {@link Held} are on this process's clock: a shared store translates.
 */
export abstract class TokenStore {
  /** What the store holds of these apps: at most one credential per slot. Rejects when it cannot be reached. */
  abstract load(appids: readonly string[]): Promise<ReadonlyMap<string, readonly Held[]>>;

  /** Asks for the right to refresh; `undefined` while another replica has it. */
  abstract claim(appid: string): Promise<Claim | undefined>;

  /** Writes the credential unless its slot holds a newer one. Saving the same again is harmless. */
  abstract save(appid: string, held: Held, claim: Claim): Promise<SaveOutcome>;

  /** The apps were removed from the configuration: their credentials go. */
  abstract remove(appids: readonly string[]): Promise<void>;
}
