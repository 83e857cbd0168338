import { causeIn, chineseFix, type Language } from '../../../src/notices/wording/cause-texts.js';
import type { ErrorRow } from '../../../src/console/wire.js';

/** What happened, in a few words: the hub's own, as its notices have them. */
export function causeText({ cause, errmsg }: ErrorRow, language: Language): string {
  return causeIn(language, cause) ?? errmsg;
}

/** What to do about it. */
export function fixText({ cause, hint, addresses }: ErrorRow, language: Language): string {
  const chinese = language === 'zh' ? chineseFix(cause, addresses) : undefined;
  if (chinese !== undefined) return chinese;
  // Some hints begin with the cause, which stands beside it.
  const begins = `${causeIn('en', cause) ?? ''}. `;
  return hint.startsWith(begins) ? hint.slice(begins.length) : hint;
}
