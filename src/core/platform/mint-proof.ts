import type { Secret } from '../secret.js';

/** What a token is asked for with, where that is no AppSecret of the file, or not that alone. */
export type MintProof =
  /** A platform's own token: by the ticket that WeChat pushes. */
  | { readonly kind: 'ticket'; readonly ticket: Secret }
  /** An authorizer's: by the platform's own token and the refresh token of the authorisation. */
  | { readonly kind: 'authorisation'; readonly componentToken: Secret; readonly refreshToken: Secret };
