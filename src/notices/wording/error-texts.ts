import { causeIn, chineseFix, type Language } from './cause-texts.js';
import { causeOf } from '../../core/error-cause.js';
import type { UpstreamError } from '../../core/upstream.js';
import { addressesIn } from '../../core/wechat-error.js';

/** What happened, in a few words. */
export function causeText(error: UpstreamError, of: 'token' | 'ticket', language: Language): string {
  return causeIn(language, causeOf(error, of)) ?? error.errmsg;
}

/** What to do about it. */
export function fixText(error: UpstreamError, of: 'token' | 'ticket', language: Language): string {
  const chinese = language === 'zh' ? chineseFix(causeOf(error, of), addressesIn(error.errmsg)) : undefined;
  return chinese ?? error.hint;
}
