import type { AppEntry } from './app-entry.js';

/**
 * The entries of all apps, by appid, in the order of their coming. A request asks twice for the same one, whether it
 * may have it and what it holds; the second time costs nothing (bench/README.md, ten thousand apps).
 */
export class AppEntries {
  readonly #byAppid = new Map<string, AppEntry>();
  /** What was last asked for, until an entry comes or goes. */
  #lastAppid: string | undefined;
  #last: AppEntry | undefined;

  get size(): number {
    return this.#byAppid.size;
  }

  get(appid: string): AppEntry | undefined {
    if (appid !== this.#lastAppid) {
      this.#last = this.#byAppid.get(appid);
      this.#lastAppid = appid;
    }
    return this.#last;
  }

  add(entry: AppEntry): void {
    this.#lastAppid = undefined;
    this.#byAppid.set(entry.app.appid, entry);
  }

  delete(appid: string): void {
    this.#lastAppid = undefined;
    this.#byAppid.delete(appid);
  }

  keys(): MapIterator<string> {
    return this.#byAppid.keys();
  }

  values(): MapIterator<AppEntry> {
    return this.#byAppid.values();
  }
}
