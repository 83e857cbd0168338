/** So many go on in one turn of the event loop: some 4 ms of work. */
const PER_TURN = 64;

/**
 * Lets many who were woken together go on a few at a time, in the order of their coming, so that whoever sends a
 * request meanwhile does not wait for all of them: ten thousand long-polls for one token are half a second of work.
 */
export class Turns {
  #waiting: (() => void)[] = [];

  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length === 1) setImmediate(this.#admit);
    });
  }

  readonly #admit = (): void => {
    const admitted = this.#waiting.splice(0, PER_TURN);
    if (this.#waiting.length > 0) setImmediate(this.#admit);
    for (const goOn of admitted) goOn();
  };
}
