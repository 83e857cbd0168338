import { KINDS } from '../../core/kinds/kinds.js';
import { listOf, oneOf, text, textLike } from './rule.js';

/** What the values of `platforms` must be. */

/** WeChat's console takes 3 to 32 letters and digits ("消息校验 Token"). */
export const PUSH_TOKEN_RULE = textLike(/^[A-Za-z0-9]{3,32}$/, '3 to 32 letters and digits');

/** 43 characters each, as the console makes them; after a change the one before stands behind the new one. */
export const AES_KEYS_RULE = textLike(
  /^[A-Za-z0-9+/]{43}(?:,[A-Za-z0-9+/]{43})?$/,
  'an EncodingAESKey of 43 characters, or the new and the old one with a comma between them',
);

export const PLATFORM_TICKETS_RULE = listOf(
  oneOf(KINDS.authorizer.tickets),
  `[${KINDS.authorizer.tickets.join(', ')}]`,
  { unique: true },
);

export const FORWARD_URL_RULE = text((value) => forwardUrlFlaw(value), {
  pattern: '^[Hh][Tt][Tt][Pp][Ss]?://[^\\s#@\\p{Cc}\\p{Cf}]+$',
  $comment: 'The hub reads it as a URL besides.',
});

function forwardUrlFlaw(value: string): string | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const isWeb = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (url === undefined || !isWeb || /[\s\p{Cc}\p{Cf}]/u.test(value))
    return 'must be an http:// or https:// URL, as in http://legacy.internal/push';
  if (url.username !== '' || url.password !== '' || value.includes('@'))
    return 'must not hold a user name or password';
  return value.includes('#') ? 'must not have a fragment (#)' : undefined;
}

/** Of a value that a variable or file holds. */
export function pushTokenFlaw(value: string): string | undefined {
  return PUSH_TOKEN_RULE(value)[0]?.message;
}

export function aesKeysFlaw(value: string): string | undefined {
  return AES_KEYS_RULE(value)[0]?.message;
}
