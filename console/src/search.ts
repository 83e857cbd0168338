/** Whether `content` has each word of what was searched for. */
export function fitsSearch(text: string, content: readonly unknown[]): boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const searched = content.join(' ').toLowerCase();
  return words.every((word) => searched.includes(word));
}
