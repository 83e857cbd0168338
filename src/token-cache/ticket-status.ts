import { TICKET_TYPES, type TicketType } from '../core/app.js';
import { healthOf, UNTRIED, type AppHealth, type CredentialState } from '../core/credential.js';
import type { AppEntry } from './refresh/app-entry.js';

/** A ticket that apps.yaml keeps warm, or that somebody has asked for. */
export interface TicketStatus {
  readonly type: TicketType;
  readonly health: AppHealth;
  /** Whether an attempt is under way. */
  readonly refreshing: boolean;
  /** Nobody keeps it warm and nobody asks for it: it is not renewed, and missed by nobody. */
  readonly resting: boolean;
  readonly state: CredentialState;
  readonly nextAttemptAt: number | undefined;
}

const NONE: readonly TicketStatus[] = [];

export function ticketsOf(entry: AppEntry, now: number): readonly TicketStatus[] {
  const { app, tickets } = entry;
  if (app.tickets.length === 0 && tickets.size === 0) return NONE;
  return TICKET_TYPES.filter((type) => app.tickets.includes(type) || tickets.has(type)).map((type) => {
    const cell = tickets.get(type);
    const state = cell?.shown(now) ?? UNTRIED;
    const resting = cell?.dormant ?? false;
    return {
      type,
      health: healthOf(state, now),
      refreshing: cell?.pending ?? false,
      resting,
      state,
      // What stands there of one that rests is past.
      nextAttemptAt: resting ? undefined : cell?.nextAttemptAt,
    };
  });
}
