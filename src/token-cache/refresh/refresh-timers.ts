import type { CredentialSlot } from '../../core/credential.js';

/** The timers of refreshes: one per credential. A port, which the scheduler fills. */
export abstract class RefreshTimers {
  /** Runs `due` at the time (epoch ms on the hub's clock), in place of what was armed for the credential before. */
  abstract arm(appid: string, slot: CredentialSlot, at: number, due: () => void): void;

  abstract disarm(appid: string, slot: CredentialSlot): void;
}
