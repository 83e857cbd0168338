/** The whole of a body as UTF-8; `undefined` where it is longer, and then the rest is not read. */
export async function readText(
  body: ReadableStream<Uint8Array> | null,
  longestBytes: number,
): Promise<string | undefined> {
  if (body === null) return '';
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > longestBytes) {
      // Not awaited: of a body that was split in two, it settles only when the other half is done with, too.
      reader.cancel().catch(() => undefined);
      return undefined;
    }
    text += decoder.decode(value, { stream: true });
  }
}
