/** What an error of ioredis says, in words that make sense in a log. May hold secrets. */
export function messageOf(error: unknown): string {
  const message = (error as { message?: unknown } | null)?.message;
  const text = typeof message === 'string' && message !== '' ? message : String(error);
  return text === "Stream isn't writeable and enableOfflineQueue options is false" ? 'not connected' : text;
}
