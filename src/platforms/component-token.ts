import { Injectable } from '@nestjs/common';
import type { Secret } from '../core/secret.js';
import type { UpstreamError } from '../core/upstream.js';
import { isDeadTokenErrcode } from '../core/wechat-error.js';
import { TokenCache } from '../token-cache/token-cache.service.js';
import { TokenReports } from '../token-cache/token-reports.service.js';

/** "component_access_token expired" */
const EXPIRED = 42006;

/** A platform's own token, for the hub's own calls with it. */
@Injectable()
export class ComponentToken {
  /** By platform: whoever finds it dead holds the others up until it is known to be alive, or another. */
  readonly #checks = new Map<string, Promise<unknown>>();

  constructor(
    private readonly cache: TokenCache,
    private readonly reports: TokenReports,
  ) {}

  /** `undefined`: there is none that is valid. */
  async of(platform: string): Promise<Secret | undefined> {
    await this.#checks.get(platform);
    const reading = this.cache.read(platform);
    return reading?.kind === 'held' ? reading.held.value : undefined;
  }

  /** Whether a call with it failed because it is dead; then it is seen to, once for all that found the same. */
  foundDead(platform: string, used: Secret, { errcode }: UpstreamError): boolean {
    if (errcode === undefined || !(isDeadTokenErrcode(errcode) || errcode === EXPIRED)) return false;
    if (!this.#checks.has(platform)) {
      const check = this.reports.report(platform, used, { by: 'ticket' }).finally(() => {
        this.#checks.delete(platform);
      });
      this.#checks.set(platform, check);
    }
    return true;
  }
}
