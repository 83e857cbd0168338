import { causeOf } from '../../core/error-cause.js';
import type { UpstreamError } from '../../core/upstream.js';
import { addressesIn } from '../../core/whitelist.js';
import { causeIn, fixIn, type Language } from './cause-texts.js';

/** What happened, in a few words. */
export function causeText(error: UpstreamError, of: 'token' | 'ticket', language: Language): string {
  return causeIn(language, causeOf(error, of)) ?? error.errmsg;
}

/** What to do about it. */
export function fixText(error: UpstreamError, of: 'token' | 'ticket', language: Language): string {
  const facts = { cause: causeOf(error, of), hint: error.hint, addresses: addressesIn(error.errmsg) };
  return fixIn(language, facts);
}
