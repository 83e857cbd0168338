import { hostname } from 'node:os';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Clock, type TimerHandle } from '../clock/clock.js';
import { localMinute } from '../clock/local-time.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { HubEnvironment } from '../config/environment/environment.js';
import { HubEvents } from '../events/hub-events.js';
import { NoticeClaims } from './notice-claims.js';
import type { Notice, NoticeKind, Subject } from './notice.js';
import { Notices } from './notices.service.js';
import { daysLeft, isSilentSince, stageOf, STAGES_DAYS } from './watching/expiry.js';

/** How often keys and certificate are looked at. Milliseconds. */
const ROUND_MS = 60_000;
/** A stage is told once: longer than from the first stage to the end. Milliseconds. */
const REMEMBERED_MS = (STAGES_DAYS[0] + 1) * 86_400_000;

/** What comes to an end. */
interface Ending {
  readonly kind: NoticeKind;
  readonly subject: Subject;
  /** Whose claim it is; no appid has a dot. */
  readonly claimant: string;
  /** Among those of its claimant. */
  readonly what: string;
  /** Epoch ms by the wall clock. */
  readonly expiresAt: number | undefined;
  readonly notice: Notice;
}

/** Tells of clients' keys and of the certificate that will soon be refused, while there is time for new ones. */
@Injectable()
export class Expirations implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** Stages handed out by this process, of what there is. */
  #told = new Set<string>();
  #timer: TimerHandle | undefined;
  #running = false;
  #startedAt = 0;
  #certificateEndsAt: number | undefined;

  constructor(
    private readonly notices: Notices,
    private readonly claims: NoticeClaims,
    private readonly config: AppsConfig,
    private readonly clock: Clock,
    private readonly environment: HubEnvironment,
    events: HubEvents,
  ) {
    events.on('certificateShown', ({ endsAt }) => {
      this.#certificateEndsAt = endsAt;
    });
  }

  onApplicationBootstrap(): void {
    this.#running = true;
    this.#startedAt = this.clock.wallNow();
    this.config.onChange(() => {
      this.#look();
    });
    this.#look();
  }

  beforeApplicationShutdown(): void {
    this.#running = false;
    this.clock.clearTimeout(this.#timer);
  }

  #look(): void {
    this.clock.clearTimeout(this.#timer);
    if (!this.#running || !this.notices.isWanted) return;
    const told = new Set<string>();
    for (const ending of this.#endings()) this.#lookAt(ending, told);
    this.#told = told;
    this.#timer = this.clock.setTimeout(() => {
      this.#look();
    }, ROUND_MS);
  }

  *#endings(): Generator<Ending> {
    for (const { id, keys } of this.config.current.clients) {
      for (const key of keys) {
        yield {
          kind: 'key_expiring',
          subject: { client: id },
          claimant: `client.${id}`,
          what: `key:${key.id}`,
          expiresAt: key.expiresAt,
          notice: { client: id, keyId: key.id },
        };
      }
    }
    yield {
      kind: 'certificate_expiring',
      subject: 'hub',
      claimant: 'hub.certificate',
      what: 'certificate',
      expiresAt: this.#certificateEndsAt,
      notice: { instance: hostname() },
    };
  }

  #lookAt({ kind, subject, claimant, what, expiresAt, notice }: Ending, told: Set<string>): void {
    const wallNow = this.clock.wallNow();
    const stage = stageOf(expiresAt, wallNow);
    if (stage === undefined || expiresAt === undefined) return;
    if (!this.claims.outlivesRestart && isSilentSince(this.#startedAt, expiresAt, wallNow)) return;
    const name = `${what}:${expiresAt}:${stage}`;
    const key = `${claimant} ${name}`;
    told.add(key);
    if (this.#told.has(key)) return;
    let isMine: Promise<boolean> | undefined;
    this.notices.add([kind], {
      key: `${claimant} ${what}`,
      subject,
      ripe: async () => {
        isMine ??= this.claims.claim(claimant, name, REMEMBERED_MS).then((toldAt) => toldAt === undefined);
        if (!(await isMine)) return undefined;
        return {
          ...notice,
          expiresOn: localMinute(expiresAt, this.environment.timeZone),
          daysLeft: daysLeft(expiresAt, this.clock.wallNow()),
        };
      },
    });
  }
}
