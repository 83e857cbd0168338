/** Logins under way at a time, of one app and of all (CONTRACT section 7). */
const MOST_OF_APP = 500;
const MOST = 2000;

/** Counts what is under way, so that one app's slow logins leave room for the others. */
export class Places {
  readonly #ofApp = new Map<string, number>();
  #taken = 0;

  get taken(): number {
    return this.#taken;
  }

  hasOne(appid: string): boolean {
    return this.#taken < MOST && (this.#ofApp.get(appid) ?? 0) < MOST_OF_APP;
  }

  /** Only where there is one. */
  take(appid: string): void {
    this.#taken += 1;
    this.#ofApp.set(appid, (this.#ofApp.get(appid) ?? 0) + 1);
  }

  giveBack(appid: string): void {
    this.#taken -= 1;
    const left = (this.#ofApp.get(appid) ?? 1) - 1;
    if (left <= 0) this.#ofApp.delete(appid);
    else this.#ofApp.set(appid, left);
  }
}
