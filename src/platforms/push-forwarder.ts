import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { HubEnvironment } from '../config/environment/environment.js';
import type { PlatformSettings } from '../core/platform/platform.js';
import { HubEvents } from '../events/hub-events.js';
import { HttpPost } from '../notices/sending/http-post.js';
import type { RawPush } from './raw-push.js';

/** ms before each further try: a push is believed by its receiver for minutes. */
const RETRIES_MS = [1000, 5000, 20_000];
/** So many wait at most, over all platforms; one more is given up, and told. */
const MOST_WAITING = 500;

/**
 * Sends raw pushes on, as they came: the receiver checks and decrypts them as it did before. Nobody waits for it, and what
 * cannot be delivered in half a minute is given up.
 */
@Injectable()
export class PushForwarder implements OnModuleDestroy {
  readonly #post: HttpPost;
  readonly #direct: HttpPost;
  #waiting = 0;
  #stopped = false;

  constructor(
    private readonly clock: Clock,
    private readonly events: HubEvents,
    environment: HubEnvironment,
  ) {
    // The receivers are the operators' own: HUB_OUTBOUND_PROXY is for what leaves. A tenant's go out by it.
    this.#direct = new HttpPost(clock);
    this.#post = new HttpPost(clock, environment.outboundProxy);
  }

  async onModuleDestroy(): Promise<void> {
    this.#stopped = true;
    await Promise.all([this.#post.close(), this.#direct.close()]);
  }

  forward({ appid: platform, forwardTo, publicOnly }: PlatformSettings, push: RawPush): void {
    for (const url of forwardTo) {
      if (this.#waiting >= MOST_WAITING) {
        this.events.emit('pushForwarded', { platform, ok: false });
        continue;
      }
      this.#waiting += 1;
      void this.#deliver(url, push, publicOnly.includes(url))
        .then((ok) => {
          this.events.emit('pushForwarded', { platform, ok });
        })
        .finally(() => {
          this.#waiting -= 1;
        });
    }
  }

  async #deliver(url: string, { query, body, contentType }: RawPush, publicOnly: boolean): Promise<boolean> {
    const target = `${url}${url.includes('?') ? '&' : '?'}${query}`;
    const headers = { 'content-type': contentType ?? 'text/xml', 'user-agent': 'wechat-token-hub' };
    for (const wait of [...RETRIES_MS, undefined]) {
      const poster = publicOnly ? this.#post : this.#direct;
      const outcome = await poster.send({ url: target, headers, body: body.toString('utf8') }, publicOnly);
      if (outcome.ok && outcome.answer.status < 500) return outcome.answer.status < 300;
      if (wait === undefined || this.#stopped) return false;
      await new Promise<void>((resolve) => {
        this.clock.setTimeout(resolve, wait);
      });
    }
    return false;
  }
}
