import { APP_DEFAULTS, type AppSettings } from '../../src/core/app.js';
import { UNTRIED, type CredentialState, type Held } from '../../src/core/credential.js';
import { Secret } from '../../src/core/secret.js';
import type { UpstreamError, UpstreamErrorClass } from '../../src/core/upstream.js';

/** Objects for tests: valid by default, each test names only what it is about. */

export function anApp(over: Partial<AppSettings> = {}): AppSettings {
  return {
    appid: 'wx-test-app',
    name: undefined,
    secret: new Secret('not-a-secret-but-a-test'),
    ...APP_DEFAULTS,
    ...over,
  };
}

/** A token fetched at 0 that lives 7200 s. */
export function aHeld(over: Partial<Held> = {}): Held {
  const issuedAt = over.issuedAt ?? 0;
  const lifeMs = over.lifeMs ?? 7_200_000;
  return {
    value: new Secret('a-token'),
    version: 1,
    kind: 'stable_token',
    issuedAt,
    confirmedAt: issuedAt,
    expiresAt: issuedAt + lifeMs,
    lifeMs,
    ...over,
  };
}

export function aState(over: Partial<CredentialState> = {}): CredentialState {
  return { ...UNTRIED, attemptedAt: over.held?.confirmedAt, refreshedAt: over.held?.confirmedAt, ...over };
}

export function anError(
  errorClass: UpstreamErrorClass = 'transient',
  over: Partial<UpstreamError> = {},
): UpstreamError {
  return {
    class: errorClass,
    reason: errorClass === 'transient' ? 'timeout' : '40125',
    errcode: errorClass === 'transient' ? undefined : 40125,
    errmsg: 'as the test has it',
    hint: 'nothing to do',
    notBeforeMs: undefined,
    mayHaveActed: false,
    ...over,
  };
}
