/** Real milliseconds until a test that waits is told that nothing comes. Long: a busy machine starts a process in ten seconds. */
const PATIENCE_MS = 30_000;

/** Resolves once `condition` holds, looked at each real millisecond: for what comes over a socket. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what = 'the condition',
): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`${what} did not come true within ${PATIENCE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
