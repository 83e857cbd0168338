import { NO_SECRET, type AppSettings } from '../core/app.js';
import { healthOf, type AppHealth, type CredentialState } from '../core/credential.js';
import type { AppEntry } from './refresh/app-entry.js';

/** What a caller would find of an app's token; of an app that only logs users in, what a user's login would find. */
export function tokenHealthOf({ app, token }: AppEntry, now: number): AppHealth {
  const state = token.shown(now);
  return app.loginOnly === true ? loginHealthOf(app, state) : healthOf(state, now);
}

function loginHealthOf({ secret }: AppSettings, { failures }: CredentialState): AppHealth {
  if (secret.equals(NO_SECRET)) return 'unavailable';
  return failures > 0 ? 'failing' : 'valid';
}
