import { hash } from 'node:crypto';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { compactVerify } from 'jose';
import { Clock } from '../clock/clock.js';
import { AppsConfig, type HubSnapshot } from '../config/reload/apps-config.service.js';
import { BoundedMap } from '../core/access/bounded-map.js';
import type { TokenVerdict, VerifiedToken } from '../core/access/identity.js';
import { isExpired } from '../core/access/decision.js';
import { HubEvents } from '../events/hub-events.js';
import { IssuerKeys, type IssuerStatus } from './issuer-keys.js';
import { readKeys } from './key-source.js';
import { readToken } from './presented-token.js';
import { judgeClaims } from './rules/claims.js';

/** Verified tokens. A pod has one an hour. */
const REMEMBERED_TOKENS = 16_384;

/**
 * Judges the tokens of the issuers that apps.yaml names. Whose they are, and what those may, decides the access guard.
 *
 * - A verified token is remembered by its hash until it ends: it costs a hash from then on, and no wait.
 * - What was refused is not remembered: strangers fill no memory.
 * - What a token said of an issuer that the file no longer has, or has otherwise, counts no more.
 */
@Injectable()
export class Identities implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #verified = new BoundedMap<string, VerifiedToken>(REMEMBERED_TOKENS);
  #snapshot: HubSnapshot | undefined;
  /** By the name that their tokens have. */
  #issuers = new Map<string, IssuerKeys>();
  /** Whether the last reading of an issuer's keys was good, by id. */
  readonly #available = new Map<string, boolean>();
  #ended = false;

  constructor(
    private readonly config: AppsConfig,
    private readonly clock: Clock,
    private readonly events: HubEvents,
  ) {
    config.onChange(() => {
      this.#sync();
    });
  }

  onApplicationBootstrap(): void {
    this.#sync();
  }

  onApplicationShutdown(): void {
    this.#ended = true;
    for (const keys of this.#issuers.values()) keys.stop();
  }

  /** Of each issuer, in the order of the file. */
  get statuses(): readonly IssuerStatus[] {
    this.#sync();
    return [...this.#issuers.values()].map(({ status }) => status);
  }

  /** At once where the token was verified before. Never rejects. */
  verdictOf(token: string): TokenVerdict | Promise<TokenVerdict> {
    this.#sync();
    const name = hash('sha256', token, 'base64url');
    const known = this.#verified.get(name);
    if (known !== undefined && this.counts(known)) return known;
    return this.#judge(token, name);
  }

  /** Whether what was verified once still says something: its issuer is that of now, and it has not ended. */
  counts({ issuer, proof }: VerifiedToken): boolean {
    this.#sync();
    return this.#issuers.get(issuer.issuer)?.settings === issuer && !isExpired(proof, this.clock.wallNow());
  }

  async #judge(token: string, name: string): Promise<TokenVerdict> {
    const presented = readToken(token);
    if (typeof presented === 'string') return { flaw: presented, issuer: undefined };
    const keys = this.#issuers.get(presented.issuer);
    if (keys === undefined) return { flaw: 'unknown_issuer', issuer: undefined };
    const { settings } = keys;
    const key = await keys.find(presented);
    if (typeof key === 'string') return { flaw: key, issuer: settings.id };
    let claims: unknown;
    try {
      const { payload } = await compactVerify(token, key, { algorithms: [presented.alg] });
      claims = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
    } catch {
      return { flaw: 'wrong_signature', issuer: settings.id };
    }
    const verdict = judgeClaims(claims, settings, this.clock.wallNow());
    if (typeof verdict === 'string') return { flaw: verdict, issuer: settings.id };
    this.#verified.set(name, verdict);
    return verdict;
  }

  /** The issuers of now: one that stays as it was keeps its keys. */
  #sync(): void {
    const snapshot = this.config.current;
    if (snapshot === this.#snapshot || this.#ended) return;
    this.#snapshot = snapshot;
    const before = this.#issuers;
    this.#issuers = new Map();
    for (const settings of snapshot.issuers.values()) {
      const known = before.get(settings.issuer);
      if (known?.settings === settings) {
        this.#issuers.set(settings.issuer, known);
        before.delete(settings.issuer);
        continue;
      }
      const keys = new IssuerKeys(settings, this.clock, readKeys, (status) => {
        this.#tell(status);
      });
      this.#issuers.set(settings.issuer, keys);
      keys.start();
    }
    for (const gone of before.values()) {
      gone.stop();
      if (!snapshot.issuers.has(gone.settings.id)) this.#available.delete(gone.settings.id);
    }
  }

  /** Once per change. */
  #tell({ id, failure }: IssuerStatus): void {
    this.events.emit('issuerRead', { issuer: id, ok: failure === undefined });
    const available = failure === undefined;
    if ((this.#available.get(id) ?? true) === available) return;
    this.#available.set(id, available);
    this.events.emit('issuerChanged', { issuer: id, available, cause: failure });
  }
}
