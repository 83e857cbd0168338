/**
 * The words of a text for the search. Chinese has no spaces: the platform knows its words, and each sign by itself is
 * one too, so that what it cuts otherwise than the reader is found all the same.
 *
 * Sent to the browser as its source: it may use nothing from around it.
 */
export function wordsOf(text) {
  const segmenter = new Intl.Segmenter('zh', { granularity: 'word' });
  const words = [];
  for (const { segment, isWordLike } of segmenter.segment(text)) {
    if (!isWordLike) continue;
    words.push(segment);
    if (segment.length > 1 && /^\p{Script=Han}+$/u.test(segment)) words.push(...segment);
  }
  // `access_token`, `secret-file`: the whole as well as its parts.
  words.push(...(text.match(/[A-Za-z0-9]+(?:[_.-][A-Za-z0-9]+)+/g) ?? []));
  return words;
}
