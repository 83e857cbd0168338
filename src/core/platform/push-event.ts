import { APPID_PATTERN } from '../app.js';
import { Secret } from '../secret.js';
import { readFlatXml } from './flat-xml.js';

/** What WeChat tells a platform, of what the hub goes by. `at`: its CreateTime, epoch seconds by WeChat's clock. */
export type PushEvent =
  | { readonly kind: 'ticket'; readonly at: number; readonly ticket: Secret }
  | {
      readonly kind: 'authorized' | 'updated';
      readonly at: number;
      readonly appid: string;
      readonly code: Secret;
      /** Epoch seconds by WeChat's clock. */
      readonly codeUntil: number;
    }
  | { readonly kind: 'withdrawn'; readonly at: number; readonly appid: string }
  /** Nothing of the hub's: forwarded alone. */
  | { readonly kind: 'other'; readonly at: number };

/** Printable ASCII: it goes into calls as it is. */
const VALUE = /^[\x21-\x7e]{1,2048}$/;
const SECONDS = /^\d{1,12}$/;

/** The envelope of a push, which says nothing of itself but for whom it is. */
export function readEnvelope(
  body: string,
): { readonly appid: string | undefined; readonly encrypted: string } | undefined {
  const fields = readFlatXml(body);
  const encrypted = fields?.get('Encrypt')?.trim();
  if (encrypted === undefined || encrypted === '') return undefined;
  return { appid: fields?.get('AppId')?.trim(), encrypted };
}

/**
 * What a push says, once it is decrypted: pages "component_verify_ticket" and "authorize_event". `undefined`: it is not
 * of the form, or another platform's.
 */
export function readPushEvent(text: string, platform: string): PushEvent | undefined {
  const fields = readFlatXml(text);
  if (fields === undefined || fields.get('AppId')?.trim() !== platform) return undefined;
  const at = secondsIn(fields.get('CreateTime'));
  const type = fields.get('InfoType')?.trim();
  if (at === undefined || type === undefined || type === '') return undefined;
  const appid = fields.get('AuthorizerAppid')?.trim() ?? '';
  switch (type) {
    case 'component_verify_ticket': {
      const ticket = fields.get('ComponentVerifyTicket')?.trim() ?? '';
      return VALUE.test(ticket) ? { kind: 'ticket', at, ticket: new Secret(ticket) } : undefined;
    }
    case 'authorized':
    case 'updateauthorized': {
      const code = fields.get('AuthorizationCode')?.trim() ?? '';
      if (!APPID_PATTERN.test(appid) || !VALUE.test(code)) return undefined;
      const codeUntil = secondsIn(fields.get('AuthorizationCodeExpiredTime')) ?? at + CODE_LIFE_SECONDS;
      const kind = type === 'authorized' ? 'authorized' : 'updated';
      return { kind, at, appid, code: new Secret(code), codeUntil };
    }
    case 'unauthorized':
      return APPID_PATTERN.test(appid) ? { kind: 'withdrawn', at, appid } : undefined;
    default:
      return { kind: 'other', at };
  }
}

/** Where a push does not say how long its code is good for. */
const CODE_LIFE_SECONDS = 600;

function secondsIn(text: string | undefined): number | undefined {
  const digits = text?.trim() ?? '';
  return SECONDS.test(digits) ? Number(digits) : undefined;
}

/** A push is believed for so long around the time that it names: clocks differ, and a capture is of no use later. Seconds. */
export const PUSH_TOLERANCE_SECONDS = 300;

/** @param timestamp of its query @param wallNow epoch ms by the wall clock */
export function isFreshPush(timestamp: string, wallNow: number): boolean {
  const seconds = secondsIn(timestamp);
  return seconds !== undefined && Math.abs(wallNow / 1000 - seconds) <= PUSH_TOLERANCE_SECONDS;
}
