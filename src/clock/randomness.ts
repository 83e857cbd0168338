/** Where jitter comes from. A port, so that a test can say what chance gives. Never for keys or secrets. */
export abstract class Randomness {
  /** A number in [0, 1). */
  abstract next(): number;
}

export class SystemRandomness extends Randomness {
  override next(): number {
    return Math.random();
  }
}
