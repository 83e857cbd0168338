export class Violation extends Error {}

/** The first thing that did not hold. Remembered as well: some of the code in between takes any error for a failure. */
export class Violations {
  first: Violation | undefined;

  found(message: string): never {
    this.first ??= new Violation(message);
    throw this.first;
  }
}
