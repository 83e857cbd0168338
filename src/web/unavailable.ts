import type { AppKindName } from '../core/app.js';
import { KINDS } from '../core/kinds/kinds.js';
import type { Reading } from '../token-cache/reading.js';
import { ownWords } from '../core/upstream.js';
import { notGranted } from './denial.js';
import { HubException } from './hub-exception.js';

/** The error for a ticket type that the app's kind does not have. */
export function noSuchTicket(kind: AppKindName | undefined): HubException {
  if (kind === undefined) return notGranted();
  return new HubException(
    'HUB_NOT_FOUND',
    `There are tickets of the types ${KINDS[kind].tickets.join(' and ')} of this app.`,
  );
}

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
