import type { TokenApi } from '../app.js';
import type { CredentialKind } from '../credential.js';

/** How a family of access_token behaves at its endpoint: what the hub's pace and its checks go by. */
export interface TokenFamily {
  /**
   * What another call brings within the life of a token.
   *
   * - `another`: each call mints.
   * - `same, then another`: the same one, and another from some minutes before its end.
   * - `same to the end`: the same one for as long as it lives.
   */
  readonly again: 'another' | 'same, then another' | 'same to the end';
  /** A new token ends the life of the one before. */
  readonly endsTheOneBefore: boolean;
  /** How the hub finds out whether a token is alive: a call for a token, or a probe with it. */
  readonly isCheckedBy: 'call' | 'probe';
  /** The endpoint takes `force_refresh`. */
  readonly canBeForced: boolean;
}

export const TOKEN_FAMILIES: Readonly<Record<TokenApi, TokenFamily>> = {
  // Page "getStableAccessToken".
  stable_token: {
    again: 'same, then another',
    endsTheOneBefore: false,
    isCheckedBy: 'call',
    canBeForced: true,
  },
  // Page "getAccessToken".
  token: { again: 'another', endsTheOneBefore: true, isCheckedBy: 'probe', canBeForced: false },
  // Page "获取access_token" of WeCom (path/91039); that the same one comes back was written there once, and is still seen.
  gettoken: {
    again: 'same to the end',
    endsTheOneBefore: false,
    isCheckedBy: 'call',
    canBeForced: false,
  },
  // Pages "ComponentAccessToken" and "AuthorizerAccessToken"; that the one before lives 5 more minutes, WeChat's staff
  // say of both in the developer community.
  component_token: {
    again: 'another',
    endsTheOneBefore: true,
    isCheckedBy: 'probe',
    canBeForced: false,
  },
  authorizer_token: {
    again: 'another',
    endsTheOneBefore: true,
    isCheckedBy: 'probe',
    canBeForced: false,
  },
};

/** Whether each call for such a credential mints, and ends the life of the one before. */
export function endsTheOneBefore(kind: CredentialKind): boolean {
  return kind in TOKEN_FAMILIES && TOKEN_FAMILIES[kind as TokenApi].endsTheOneBefore;
}
