/** One upstream call per app at a time: whoever comes later waits for its turn. */
export class UpstreamTurns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `call` after all that were asked for the app before it. Passes its outcome on. */
  run<T>(appid: string, call: () => Promise<T>): Promise<T> {
    const before = this.#last.get(appid);
    const turn = before === undefined ? call() : before.then(call, call);
    const ended: Promise<unknown> = turn.then(
      () => this.#forget(appid, ended),
      () => this.#forget(appid, ended),
    );
    this.#last.set(appid, ended);
    return turn;
  }

  /** Resolves when everything that was asked for has ended. */
  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values());
  }

  #forget(appid: string, ended: Promise<unknown>): void {
    if (this.#last.get(appid) === ended) this.#last.delete(appid);
  }
}
