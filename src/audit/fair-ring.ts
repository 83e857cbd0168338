/**
 * The latest of what several owners bring, bounded in all: where there is no room, the oldest goes of whoever has most
 * of it. One that brings thousands drives out its own.
 */
export class FairRing<T> {
  readonly #kept: { readonly item: T; readonly owner: string | undefined }[] = [];
  readonly #counts = new Map<string | undefined, number>();

  constructor(private readonly most: number) {}

  /** Oldest first. */
  get items(): T[] {
    return this.#kept.map(({ item }) => item);
  }

  keep(item: T, owner: string | undefined): void {
    this.#kept.push({ item, owner });
    this.#counts.set(owner, (this.#counts.get(owner) ?? 0) + 1);
    if (this.#kept.length > this.most) this.#drop();
  }

  #drop(): void {
    let most = 0;
    let owner: string | undefined;
    for (const [each, count] of this.#counts) if (count > most) [most, owner] = [count, each];
    const oldest = this.#kept.findIndex((kept) => kept.owner === owner);
    this.#kept.splice(oldest, 1);
    if (most > 1) this.#counts.set(owner, most - 1);
    else this.#counts.delete(owner);
  }
}
