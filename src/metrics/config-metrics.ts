import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { HubEvents } from '../events/hub-events.js';
import { Counter, everyLabel, head, labelsOf, sample, single } from './text-format.js';

const KEY_EXPIRY = 'wxhub_client_key_expiry_timestamp_seconds';

const SECRET_MISSING = 'wxhub_app_secret_missing';

/** What the hub is configured with, and what in it comes to an end. */
@Injectable()
export class ConfigMetrics {
  readonly #reloads = new Counter(
    'wxhub_config_reloads_total',
    'Reloads of the configuration.',
    everyLabel({ trigger: ['admin', 'signal', 'file', 'replica'], result: ['ok', 'refused'] }),
  );
  #lastReload: { readonly at: number; readonly ok: boolean } | undefined;
  #certificateEndsAt: number | undefined;

  constructor(
    events: HubEvents,
    private readonly config: AppsConfig,
    private readonly clock: Clock,
  ) {
    events.on('configReloaded', ({ trigger, ok }) => {
      this.#reloads.add(`trigger="${trigger}",result="${ok ? 'ok' : 'refused'}"`);
      this.#lastReload = { at: this.clock.wallNow(), ok };
    });
  }

  /** The callers' listener shows a certificate that ends then, epoch ms by the wall clock. */
  certificateShown(endsAt: number): void {
    this.#certificateEndsAt = endsAt;
  }

  *lines(): Generator<string> {
    const { apps, clients } = this.config.current;
    yield single('wxhub_apps', 'Apps that the configuration names.', apps.size);
    yield single('wxhub_clients', 'Clients that the configuration names.', clients.length);
    yield head(KEY_EXPIRY, 'gauge', 'When a client key ends, Unix time; +Inf: never.');
    for (const { id, keys } of clients) {
      for (const key of keys) {
        yield sample(KEY_EXPIRY, labelsOf({ client: id, key: key.id }), (key.expiresAt ?? Infinity) / 1000);
      }
    }
    yield head(
      SECRET_MISSING,
      'gauge',
      'Apps whose AppSecret cannot be had from where apps.yaml says it is: 1.',
    );
    for (const appid of this.config.secretProblems.keys())
      yield sample(SECRET_MISSING, labelsOf({ appid }), 1);
    yield* this.#reloads.lines();
    if (this.#lastReload !== undefined) {
      const { at, ok } = this.#lastReload;
      yield single(
        'wxhub_config_last_reload_successful',
        'Whether the last reload was accepted (1) or refused (0).',
        ok ? 1 : 0,
      );
      yield single(
        'wxhub_config_last_reload_timestamp_seconds',
        'When the last reload was tried, Unix time.',
        at / 1000,
      );
    }
    if (this.#certificateEndsAt !== undefined) {
      yield single(
        'wxhub_tls_certificate_expiry_timestamp_seconds',
        "When the certificate of the callers' listener ends, Unix time.",
        this.#certificateEndsAt / 1000,
      );
    }
  }
}
