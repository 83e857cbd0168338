/**
 * How long what is to be told of one kind is gathered into one message, milliseconds: hundreds of apps that fail
 * together are one message. While more of the kind follows, messages become fewer: the second waits for a minute, the
 * later ones for five.
 */
export const WINDOWS_MS = [10_000, 60_000, 300_000] as const;
/** What is critical never waits longer, milliseconds. */
export const LONGEST_CRITICAL_MS = 60_000;
/** After so long without any of the kind, the first is told soon again. Milliseconds. */
export const CALM_MS = 600_000;

interface Window<T> {
  readonly items: Map<string, T>;
  dueAt: number | undefined;
  /** Messages of this kind since it was calm. */
  told: number;
  lastAt: number;
}

/** Gathers what is to be told to one target, by kind. Times: epoch ms on the hub's clock. */
export class Gathering<K, T> {
  readonly #windows = new Map<K, Window<T>>();

  constructor(private readonly isCritical: (kind: K) => boolean) {}

  /** The same `key` again, before it was told, replaces what it was. */
  add(kind: K, key: string, item: T, now: number): void {
    let window = this.#windows.get(kind);
    if (window === undefined) {
      window = { items: new Map(), dueAt: undefined, told: 0, lastAt: now };
      this.#windows.set(kind, window);
    }
    if (now - window.lastAt >= CALM_MS) window.told = 0;
    window.lastAt = now;
    window.items.set(key, item);
    window.dueAt ??= now + windowMs(window.told, this.isCritical(kind));
  }

  get isEmpty(): boolean {
    for (const { dueAt } of this.#windows.values()) if (dueAt !== undefined) return false;
    return true;
  }

  /** Whose time has come, with what was gathered, in the order of its coming. */
  due(now: number): { readonly kind: K; readonly items: readonly T[] }[] {
    const due: { kind: K; items: T[] }[] = [];
    for (const [kind, window] of this.#windows) {
      if (window.dueAt === undefined || window.dueAt > now) continue;
      due.push({ kind, items: [...window.items.values()] });
      window.items.clear();
      window.dueAt = undefined;
      window.told += 1;
      window.lastAt = now;
    }
    return due;
  }
}

function windowMs(told: number, critical: boolean): number {
  const window = WINDOWS_MS[Math.min(told, WINDOWS_MS.length - 1)] ?? WINDOWS_MS[0];
  return critical ? Math.min(window, LONGEST_CRITICAL_MS) : window;
}
