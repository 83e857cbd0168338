import { Injectable } from '@nestjs/common';
import { AccessService } from '../access-guard/access.service.js';
import { Clock } from '../clock/clock.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { HubEvents } from '../events/hub-events.js';
import { AppLabels } from './app-labels.js';
import { Counter, everyLabel, head, labelsOf, sample, single } from './text-format.js';

const CLIENT_REQUESTS = 'wxhub_client_requests_total';
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
    private readonly access: AccessService,
    private readonly labels: AppLabels,
  ) {
    events.on('configReloaded', ({ trigger, ok }) => {
      this.#reloads.add(`trigger="${trigger}",result="${ok ? 'ok' : 'refused'}"`);
      this.#lastReload = { at: this.clock.wallNow(), ok };
    });
    events.on('certificateShown', ({ endsAt }) => {
      this.#certificateEndsAt = endsAt;
    });
  }

  *lines(): Generator<string> {
    const { apps, clients } = this.config.current;
    yield single('wxhub_apps', 'Apps that the configuration names.', apps.size);
    yield single('wxhub_clients', 'Clients that the configuration names.', clients.length);
    yield head('wxhub_app_info', 'gauge', 'The name of an app, for people; always 1.');
    for (const { appid, name = '' } of apps.values())
      yield sample('wxhub_app_info', `${this.labels.of(appid)},${labelsOf({ name })}`, 1);
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
      yield sample(SECRET_MISSING, this.labels.of(appid), 1);
    yield head(
      CLIENT_REQUESTS,
      'counter',
      'Requests that were let in, by client and key; no key: by its address.',
    );
    for (const { id, keys } of clients) {
      for (const keyId of keys.length === 0 ? [undefined] : keys.map((key) => key.id)) {
        const labels = labelsOf({ client: id, key: keyId ?? '' });
        yield sample(CLIENT_REQUESTS, labels, this.access.uses.of(id, keyId).requests);
      }
    }
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
