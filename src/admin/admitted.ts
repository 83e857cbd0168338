import type { Actor } from '../events/actor.js';
import { actorOf, type AppRequest } from '../web/app-request.js';
import { notGranted } from '../web/denial.js';

/** Who sent a request that the guard let pass. */
export function admitted(request: AppRequest): Actor {
  const actor = actorOf(request);
  // The guard lets nobody pass without a verdict.
  if (actor === undefined) throw notGranted();
  return actor;
}
