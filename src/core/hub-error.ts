/** Every error that a caller of /v1 and /admin can see: the one table code -> HTTP status (CONTRACT, "Errors"). */
export const HUB_ERRORS = {
  HUB_BAD_REQUEST: { status: 400, title: 'The request is not of the documented form' },
  HUB_UNAUTHENTICATED: { status: 401, title: 'A valid key is needed' },
  HUB_IP_NOT_ALLOWED: { status: 403, title: 'This address is not allowed' },
  HUB_NOT_GRANTED: { status: 403, title: 'Not granted to this client' },
  HUB_NOT_FOUND: { status: 404, title: 'There is nothing here' },
  HUB_TOO_LARGE: { status: 413, title: 'The body is too large' },
  HUB_CONFIG_INVALID: { status: 422, title: 'The configuration has problems; nothing was changed' },
  HUB_LOGIN_REFUSED: { status: 422, title: 'WeChat refuses the code or the user' },
  HUB_RATE_LIMITED: { status: 429, title: 'Too many requests' },
  HUB_INTERNAL: { status: 500, title: 'The hub failed; this is a bug' },
  HUB_UPSTREAM_FAILED: { status: 502, title: 'WeChat could not be reached or refused' },
  HUB_LOGIN_UNAVAILABLE: { status: 503, title: 'WeChat refuses the app' },
  HUB_TOKEN_UNAVAILABLE: { status: 503, title: 'No valid token at the moment' },
} as const;

export type HubErrorCode = keyof typeof HUB_ERRORS;
