import { hash } from 'node:crypto';

/** What a claim (an app, a key, an identity) is remembered by: 72 bits of its SHA-256, 12 characters. */
export function claimId(claim: string): string {
  return hash('sha256', claim, 'base64url').slice(0, 12);
}

/** Which file has which claims, beyond the process: at a start nobody else knows who had something first. */
export interface ClaimMemory {
  /** {@link claimId}s by file. Bounded in time, never rejects; empty where nobody knows. */
  recall(): Promise<ReadonlyMap<string, readonly string[]>>;
  /** What this file has from now on; nothing: it claims nothing any more. */
  keep(file: string, claims: readonly string[]): void;
}

/** Claims that a file has, and those that it is known to have had before this process began. */
export class RememberedClaims {
  #memory: ClaimMemory | undefined;
  /** Of files of which nothing holds (yet): whoever has a problem at a start gives up nothing by it. */
  readonly #before = new Map<string, readonly string[]>();
  /** By file: the version whose claims were kept last. */
  readonly #kept = new Map<string, object>();

  async recall(memory: ClaimMemory): Promise<void> {
    this.#memory = memory;
    for (const [file, claims] of await memory.recall()) this.#before.set(file, claims);
  }

  /** Whose a claim is, among those of `files` of which nothing holds. */
  ownerAmong(files: readonly string[]): (claim: string) => string | undefined {
    if (this.#before.size === 0) return () => undefined;
    const owners = new Map(
      files.flatMap((file) => (this.#before.get(file) ?? []).map((claim) => [claim, file] as const)),
    );
    return (claim) => owners.get(claimId(claim));
  }

  /** Files that went while there was no process to see it. */
  forgetOthers(files: readonly string[]): void {
    for (const file of [...this.#before.keys()]) if (!files.includes(file)) this.forget(file);
  }

  /** @param version of the file, and what it claims */
  holds(file: string, version: object, claims: () => Iterable<string>): void {
    this.#before.delete(file);
    if (this.#memory === undefined || this.#kept.get(file) === version) return;
    this.#kept.set(file, version);
    this.#memory.keep(file, [...claims()].map(claimId));
  }

  /** The file is gone. */
  forget(file: string): void {
    const had = [this.#before.delete(file), this.#kept.delete(file)];
    if (had.includes(true)) this.#memory?.keep(file, []);
  }
}
