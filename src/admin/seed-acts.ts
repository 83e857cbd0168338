import { Injectable } from '@nestjs/common';
import { Secret } from '../core/secret.js';
import type { Actor } from '../events/actor.js';
import { HubEvents } from '../events/hub-events.js';
import { TokenSeeding, type SeedRefusal } from '../token-cache/token-seeding.service.js';
import { notGranted } from '../web/denial.js';
import { HubException } from '../web/hub-exception.js';
import { AdminActs } from './admin-acts.js';
import type { RefreshAnswer } from './admin.openapi.js';
import type { Seed } from './rules/seed.js';

const REFUSALS: Readonly<Record<SeedRefusal, string>> = {
  not_token_api:
    'Only an app with tokenApi: token needs this. With stable_token WeChat gives the hub the token that the other server has.',
  of_another_app: 'The hub serves this token for another app.',
  dead: 'WeChat says that this token is dead; nothing has changed. Take the one that the other server holds now.',
};

/** An administrator brings the living token of the central server that the hub replaces. */
@Injectable()
export class SeedActs {
  constructor(
    private readonly seeding: TokenSeeding,
    private readonly acts: AdminActs,
    private readonly events: HubEvents,
  ) {}

  /** @throws {HubException} where it is not taken over; nothing has changed then. */
  async seed(actor: Actor, appid: string, { token, expiresIn }: Seed): Promise<RefreshAnswer> {
    const value = new Secret(token);
    const asked = await this.seeding.take(appid, value, expiresIn * 1000);
    if (asked === undefined) throw notGranted();
    if (asked.kind === 'too_early') {
      this.#tell(actor, appid, 'too_early');
      const retryAfterSeconds = Math.max(1, Math.ceil(asked.retryAfterMs / 1000));
      throw new HubException('HUB_RATE_LIMITED', `Too early; again in ${retryAfterSeconds} s.`, {
        retryAfterSeconds,
      });
    }
    if (asked.kind === 'refused') {
      this.#tell(actor, appid, 'refused', asked.why);
      throw new HubException('HUB_BAD_REQUEST', REFUSALS[asked.why]);
    }
    const isServed = this.seeding.serves(appid, value);
    this.#tell(actor, appid, isServed ? (asked.ended?.outcome ?? 'issued') : 'not_tried');
    if (!isServed) {
      throw new HubException(
        'HUB_UPSTREAM_FAILED',
        'The token was not taken over: another one came in meanwhile, or its life is over.',
      );
    }
    return this.acts.refreshedAnswer(appid);
  }

  #tell(actor: Actor, appid: string, outcome: string, detail?: string): void {
    this.events.emit('adminActed', { act: 'seed', appid, outcome, detail, ...actor });
  }
}
