import { causeIn, fixIn, type Language } from '../../../src/notices/wording/cause-texts.js';
import type { ErrorRow } from '../../../src/console/wire.js';

/** What happened, in a few words: the hub's own, as its notices have them. */
export function causeText({ cause, errmsg }: ErrorRow, language: Language): string {
  return causeIn(language, cause) ?? errmsg;
}

/** What to do about it. */
export function fixText(error: ErrorRow, language: Language): string {
  return fixIn(language, error);
}
