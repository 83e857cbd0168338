/** The state file, or what is around it, keeps the hub from starting. One line: what is wrong, and what to do. */
export class StateProblem extends Error {
  override readonly name = 'StateProblem';

  constructor(path: string, what: string) {
    super(`HUB_STATE_FILE: ${path} ${what}`);
  }
}
