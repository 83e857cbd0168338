import { isObject } from '../../core/json.js';

export interface AuthorizeLinkAsk {
  readonly redirectUri: string;
  readonly authType: number | undefined;
  /** Without a slash at the end; `undefined`: not given. */
  readonly hubUrl: string | undefined;
}

/** Characters that a URL may have as it stands; no user, no fragment. */
const WEB_URL = /^https?:\/\/[A-Za-z0-9._~:[\]-]+(?:[/?][!$-;=?-Z_a-z~%]*)?$/;
const LONGEST_URL = 1024;

/** The body of an authorize-link. `undefined`: it is not of the form. */
export function authorizeLinkOf(body: unknown): AuthorizeLinkAsk | undefined {
  if (!isObject(body)) return undefined;
  const { redirectUri, authType, hubUrl, ...others } = body;
  if (Object.keys(others).length > 0 || !isWebUrl(redirectUri)) return undefined;
  if (authType !== undefined && !(Number.isInteger(authType) && (authType as number) >= 0)) return undefined;
  if (hubUrl !== undefined && (!isWebUrl(hubUrl) || hubUrl.includes('?'))) return undefined;
  return {
    redirectUri,
    authType: authType as number | undefined,
    hubUrl: hubUrl?.replace(/\/+$/, ''),
  };
}

function isWebUrl(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST_URL && WEB_URL.test(value);
}
