import { Injectable } from '@nestjs/common';
import { AccessService } from '../access-guard/access.service.js';
import { Clock } from '../clock/clock.js';
import { proofsOf } from '../access-guard/key-uses.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { HubEvents } from '../events/hub-events.js';
import { Identities } from '../identities/identities.service.js';
import { AppLabels } from './app-labels.js';
import { Counter, everyLabel, head, labelsOf, sample, single } from './text-format.js';

const CLIENT_REQUESTS = 'wxhub_client_requests_total';
const KEY_EXPIRY = 'wxhub_client_key_expiry_timestamp_seconds';

const ISSUER_KEYS = 'wxhub_issuer_keys';
const ISSUER_READ = 'wxhub_issuer_last_read_timestamp_seconds';

const SECRET_MISSING = 'wxhub_app_secret_missing';

/** What the hub is configured with, and what in it comes to an end. */
@Injectable()
export class ConfigMetrics {
  readonly #reloads = new Counter(
    'wxhub_config_reloads_total',
    'Reloads of the configuration.',
    everyLabel({ trigger: ['admin', 'signal', 'file', 'replica'], result: ['ok', 'refused'] }),
  );
  readonly #issuerReads = new Counter('wxhub_issuer_reads_total', "Readings of an issuer's keys, by result.");
  #lastReload: { readonly at: number; readonly ok: boolean } | undefined;
  #certificateEndsAt: number | undefined;

  constructor(
    events: HubEvents,
    private readonly config: AppsConfig,
    private readonly clock: Clock,
    private readonly access: AccessService,
    private readonly identities: Identities,
    private readonly labels: AppLabels,
  ) {
    events.on('issuerRead', ({ issuer, ok }) => {
      this.#issuerReads.add(labelsOf({ issuer, result: ok ? 'ok' : 'failed' }));
    });
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
      'Requests that were let in, by client and key or identity (issuer/subject); neither: by its address.',
    );
    for (const client of clients) {
      const { id } = client;
      for (const proof of proofsOf(client)) {
        const labels = labelsOf({ client: id, key: proof ?? '' });
        yield sample(CLIENT_REQUESTS, labels, this.access.uses.of(id, proof).requests);
      }
    }
    yield* this.#issuerLines();
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

  *#issuerLines(): Generator<string> {
    const { statuses } = this.identities;
    const wallAhead = this.clock.wallNow() - this.clock.now();
    yield head(ISSUER_KEYS, 'gauge', 'Keys of an issuer of tokens that are known and hold.');
    for (const { id, keys } of statuses) yield sample(ISSUER_KEYS, labelsOf({ issuer: id }), keys);
    yield head(ISSUER_READ, 'gauge', 'When the keys of an issuer were last read, Unix time.');
    for (const { id, readAt } of statuses)
      if (readAt !== undefined)
        yield sample(ISSUER_READ, labelsOf({ issuer: id }), (readAt + wallAhead) / 1000);
    yield* this.#issuerReads.lines();
  }
}
