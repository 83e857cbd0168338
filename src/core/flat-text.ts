/**
 * The same text in one piece. V8 keeps what was put together as a tree, 32 bytes a joint, and whoever reads it walks
 * that tree, through cold memory where many are held. What it parses is always one piece.
 */
export function flat(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}
