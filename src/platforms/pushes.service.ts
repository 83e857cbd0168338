import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { BoundedMap } from '../core/access/bounded-map.js';
import {
  isFreshPush,
  PUSH_TOLERANCE_SECONDS,
  readEnvelope,
  readPushEvent,
} from '../core/platform/push-event.js';
import type { PlatformSettings } from '../core/platform/platform.js';
import { HubEvents } from '../events/hub-events.js';
import type { PushOutcome } from '../events/platform-events.js';
import { StoreUnavailable } from '../token-cache/token-store.js';
import { Authorizations } from './authorizations.js';
import { Platforms } from './platforms.service.js';
import type { RawPush } from './raw-push.js';
import { PushForwarder } from './push-forwarder.js';
import { decryptPush, isSigned } from './push-crypto.js';

/** Only pushes with a good signature are remembered: WeChat sends some in ten minutes. */
const REMEMBERED = 20_000;
/** A push is fresh for twice the tolerance at most, ms. */
const REMEMBERED_MS = 2 * PUSH_TOLERANCE_SECONDS * 1000;

/**
 * What WeChat pushes to platforms: signature -> time -> decrypted -> read -> stored -> `success`; then it goes on to
 * whoever the file names, and a code is exchanged. Nothing is known of who sends but the signature.
 */
@Injectable()
export class Pushes {
  readonly #seen = new BoundedMap<string, { readonly at: number }>(REMEMBERED);

  constructor(
    private readonly config: AppsConfig,
    private readonly authorizations: Authorizations,
    private readonly platforms: Platforms,
    private readonly forwarder: PushForwarder,
    private readonly clock: Clock,
    private readonly events: HubEvents,
  ) {}

  /** Never rejects. What it told is stored where the outcome is one of an event. */
  async receive(push: RawPush): Promise<PushOutcome> {
    const platform = this.config.current.platforms.get(push.platform);
    const { outcome, appid } = await this.#receive(push, platform);
    this.events.emit('platformPushed', { platform: platform?.appid, outcome, appid });
    return outcome;
  }

  async #receive(
    push: RawPush,
    platform: PlatformSettings | undefined,
  ): Promise<{ readonly outcome: PushOutcome; readonly appid?: string }> {
    if (platform?.pushToken === undefined) return { outcome: 'bad_signature' };
    const query = new URLSearchParams(push.query);
    const [timestamp, nonce, signature] = ['timestamp', 'nonce', 'msg_signature'].map(
      (name) => query.get(name) ?? '',
    ) as [string, string, string];
    const envelope = readEnvelope(push.body.toString('utf8'));
    if (envelope === undefined) return { outcome: 'malformed' };
    const { appid: named, encrypted } = envelope;
    if (named !== undefined && named !== platform.appid) return { outcome: 'bad_signature' };
    if (!isSigned({ timestamp, nonce, encrypted, signature }, platform.pushToken))
      return { outcome: 'bad_signature' };
    const now = this.clock.wallNow();
    if (!isFreshPush(timestamp, now)) return { outcome: 'stale' };
    const text = decryptPush(encrypted, platform.aesKeys, platform.appid);
    const event = text === undefined ? undefined : readPushEvent(text, platform.appid);
    if (event === undefined) return { outcome: 'malformed' };
    const digest = createHash('sha256').update(`${platform.appid} ${signature}`).digest('base64');
    const before = this.#seen.get(digest);
    if (before !== undefined && now - before.at < REMEMBERED_MS) return { outcome: 'repeated' };
    this.#seen.set(digest, { at: now });
    if (event.kind !== 'other') {
      try {
        await this.authorizations.take(platform.appid, event);
      } catch (error) {
        // WeChat sends it again, and is then to be heard.
        this.#seen.set(digest, { at: Number.NEGATIVE_INFINITY });
        if (!(error instanceof StoreUnavailable))
          this.events.emit('troubleSeen', { where: 'platforms.push', error });
        return { outcome: 'not_stored' };
      }
    }
    this.forwarder.forward(platform, push);
    if (event.kind === 'ticket') this.platforms.ticketCame(platform.appid);
    if (event.kind === 'authorized' || event.kind === 'updated')
      void this.platforms.exchange(platform.appid, event.appid);
    return 'appid' in event ? { outcome: event.kind, appid: event.appid } : { outcome: event.kind };
  }
}
