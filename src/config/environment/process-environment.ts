/** A copy of the process's environment. The only place where the hub reads it. */
export function readProcessEnvironment(): Record<string, string | undefined> {
  return { ...process.env };
}
