/** What may be under way at a time, of one app and of all. */
interface Room {
  readonly ofApp: number;
  readonly ofAll: number;
}

/** CONTRACT section 7. */
export const LOGINS: Room = { ofApp: 500, ofAll: 2000 };

/** Counts calls to WeChat that are under way, so that one app's slow ones leave room for the others. */
export class Places {
  readonly #ofApp = new Map<string, number>();
  #taken = 0;

  constructor(private readonly room: Room) {}

  get taken(): number {
    return this.#taken;
  }

  hasOne(appid: string): boolean {
    return this.#taken < this.room.ofAll && (this.#ofApp.get(appid) ?? 0) < this.room.ofApp;
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
