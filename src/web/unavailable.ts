import type { Reading } from '../token-cache/reading.js';
import { ownWords } from '../core/upstream.js';
import { notGranted } from './denial.js';
import { HubException } from './hub-exception.js';

/** The error for a token or ticket that is not there. `undefined`: a reload removed the app after the guard let pass. */
export function unavailable(reading: Reading | undefined, what: 'token' | 'ticket' = 'token'): HubException {
  if (reading === undefined) return notGranted();
  const error = reading.kind === 'unavailable' ? reading.error : undefined;
  const why = error === undefined ? 'the first fetch has not ended yet' : ownWords(error);
  return new HubException('HUB_TOKEN_UNAVAILABLE', `The hub holds no valid ${what} of this app: ${why}`, {
    retryAfterSeconds: reading.kind === 'unavailable' ? reading.retryAfterSeconds : 1,
    upstream: error,
  });
}
