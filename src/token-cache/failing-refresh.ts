import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { healthOf } from '../core/credential.js';
import type { CredentialCell } from './refresh/credential-cell.js';
import { TokenCache } from './token-cache.service.js';

/** Apps that are tried at a time: as many as at a start. */
const AT_A_TIME = 50;

/**
 * Tries what fails without waiting for its time, on an administrator's word: the cause is gone, and the next attempts
 * are up to ten minutes away. The pace of an administrator's refresh holds for each app.
 */
@Injectable()
export class FailingRefresh {
  /** Appids that wait for their turn. */
  readonly #queued = new Set<string>();
  #workers = 0;

  constructor(
    private readonly cache: TokenCache,
    private readonly clock: Clock,
  ) {}

  /**
   * @param sees which apps; others are passed over
   * @param reason only those whose last failure has it; see UpstreamError
   * @returns the appids that are tried from now on, some at a time
   */
  begin(sees: (appid: string) => boolean, reason: string | undefined): string[] {
    const appids = [...this.cache.appids()].filter(
      (appid) => sees(appid) && this.#failingOf(appid, reason).length > 0,
    );
    for (const appid of appids) this.#queued.add(appid);
    while (this.#workers < AT_A_TIME && this.#queued.size > 0) void this.#work();
    return appids;
  }

  /** The app's tickets that fail. Never rejects. */
  async tryTickets(appid: string): Promise<void> {
    const entry = this.cache.entry(appid);
    for (const cell of this.#failingOf(appid, undefined)) {
      if (cell.slot !== 'token') await entry?.refresh(cell, 'admin');
    }
  }

  async #work(): Promise<void> {
    this.#workers += 1;
    for (const appid of this.#queued) {
      this.#queued.delete(appid);
      if (this.#failingOf(appid, undefined).some(({ slot }) => slot === 'token')) {
        const asked = await this.cache.requestRefresh(appid, false);
        if (asked?.accepted === true) await asked.ended;
      }
      await this.tryTickets(appid);
    }
    this.#workers -= 1;
  }

  #failingOf(appid: string, reason: string | undefined): CredentialCell[] {
    const entry = this.cache.entry(appid);
    if (entry === undefined) return [];
    const now = this.clock.now();
    return [...entry.cells()].filter((cell) => {
      const state = cell.shown(now);
      const fails = state.failures > 0 || (reason === undefined && healthOf(state, now) === 'unavailable');
      return !cell.dormant && fails && (reason === undefined || state.lastError?.error.reason === reason);
    });
  }
}
