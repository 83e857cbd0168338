import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { AppsConfig, type HubSnapshot } from '../config/reload/apps-config.service.js';
import { HubEnvironment } from '../config/environment/environment.js';
import type { Act, ClientEntry } from '../core/access/client.js';
import {
  authorise,
  BROWSER_REFUSED,
  compileAccess,
  entryForTokenHolder,
  identify,
  payerOf,
  type AccessIndex,
  type Authorisation,
  type Caller,
  type Identification,
  type KnownApps,
} from '../core/access/decision.js';
import { credentialOf, hasKey, type AccessRequest } from './access-request.js';
import { Admission, type Ask } from './admission.js';
import { limited, refused, type AccessVerdict, type Denied, type DenialFacts } from './access-verdict.js';
import { Allowances } from './allowances.js';
import { FailedCredentials } from './failed-credentials.js';
import { KeyUses } from './key-uses.js';
import { Origins, type Origin } from './origins.js';
import { VerifiedKeys } from './verified-keys.js';

export type { AccessRequest } from './access-request.js';

/**
 * Who may do what: {@link check} for each request to the callers' port, before anything else is looked at.
 *
 * The rules are in core/access/decision.ts and forwarded.ts; here they get clock, hash and memory. In this order:
 *
 * 1. credentials: `unauthenticated`; from the 21st failure in a minute from one address on `rate_limited`. A valid key
 *    from there still passes: one misconfigured client behind a shared address does not lock out the others;
 * 2. the address rule: `ip_not_allowed`;
 * 3. `requestsPerMinute` of the client at this address: `rate_limited`. Before the grant, so that guessing appids
 *    costs as much as using them;
 * 4. the grant: `not_granted`.
 *
 * Only what succeeded is remembered, and everything remembered is bounded. A new configuration empties the verified
 * keys; the counts of clients that stay go on.
 */
@Injectable()
export class AccessService {
  readonly uses = new KeyUses();
  readonly #config: AppsConfig;
  readonly #clock: Clock;
  readonly #origins: Origins;
  readonly #failures = new FailedCredentials();
  readonly #listeners: ((denial: Denied) => void)[] = [];

  /** The configuration from which the following were made. */
  #snapshot: HubSnapshot | undefined;
  #apps: KnownApps = new Map();
  #index: AccessIndex = compileAccess([]);
  readonly #allowances = new Allowances();
  readonly #verified = new VerifiedKeys();

  constructor(config: AppsConfig, environment: HubEnvironment, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
    this.#origins = new Origins(environment.trustedProxies);
    // Not needed, see #sync: so that no request waits for it.
    config.onChange(() => this.#sync());
  }

  /**
   * Whether the request may do `act` to `appid`. Counts it, once: call it once per request.
   *
   * @param appid As the caller sent it; `undefined` where the act concerns no app.
   * @param apps The apps of the configuration of now, from somebody who looks the app up anyway.
   */
  check(
    request: AccessRequest,
    act: Act,
    appid: string | undefined,
    apps: KnownApps = this.#config.current.apps,
  ): AccessVerdict {
    this.#sync();
    const origin = this.#origins.of(request.socketAddress, request.xForwardedFor);
    const caller = this.#callerOf(request, origin, act, appid);
    if ('ok' in caller) return caller;
    const key = caller.by === 'address' ? undefined : caller.key;
    const payer = payerOf(caller, act, appid, apps);
    const allowance = this.#allowances.of(payer, origin);
    const now = this.#clock.now();
    const wait = allowance.requests.take(now, payer.requestsPerMinute);
    if (wait > 0) {
      const facts = { origin, act, appid, client: payer, key, request };
      return this.#deny(limited('too_many_requests', wait, facts));
    }
    const authorised = authorise(caller, act, appid, apps);
    if (authorised.ok) return allowance.granted(authorised.client, authorised.key, origin, this.uses, now);
    return this.#notAuthorised(authorised, origin, act, appid, request);
  }

  /** {@link check}, with what it takes to look again later. */
  admit(ask: Ask, apps?: KnownApps): Admission | Denied {
    const { request, act, appid, proof } = ask;
    const verdict = proof === 'key' ? this.check(request, act, appid, apps) : this.checkTokenHolder(ask);
    return verdict.ok ? new Admission(this, ask, verdict, this.#config.current) : verdict;
  }

  /** Whether the rules are still those of `snapshot`. */
  isCurrent(snapshot: HubSnapshot): boolean {
    return this.#config.current === snapshot;
  }

  /** Epoch ms by the wall clock. */
  wallNow(): number {
    return this.#clock.wallNow();
  }

  /** For a request that was granted, then waited: its denial, if it would be denied now. Counts failures alone. */
  checkAgain(ask: Ask): Denied | undefined {
    const { request, act, appid, proof } = ask;
    this.#sync();
    const origin = this.#origins.of(request.socketAddress, request.xForwardedFor);
    if (proof !== 'key') {
      const holder = this.#holderOf(origin, ask);
      return 'ok' in holder ? holder : undefined;
    }
    const caller = this.#callerOf(request, origin, act, appid);
    if ('ok' in caller) return caller;
    const authorised = authorise(caller, act, appid, this.#apps);
    return authorised.ok ? undefined : this.#notAuthorised(authorised, origin, act, appid, request);
  }

  /**
   * For who shows no key but a token: whether some entry that grants the act of the app admits the address. Counts on
   * that entry.
   */
  checkTokenHolder(ask: Ask): AccessVerdict {
    this.#sync();
    const { request, act, appid } = ask;
    const origin = this.#origins.of(request.socketAddress, request.xForwardedFor);
    const client = this.#holderOf(origin, ask);
    if ('ok' in client) return client;
    const facts: DenialFacts = { origin, act, appid, client, key: undefined, request };
    const allowance = this.#allowances.of(client, origin);
    const now = this.#clock.now();
    const wait = allowance.requests.take(now, client.requestsPerMinute);
    if (wait > 0) return this.#deny(limited('too_many_requests', wait, facts));
    return allowance.granted(client, undefined, origin, this.uses, now);
  }

  /** Whether any client has such a key, expired or not: for what is about to leave the hub. Grants and counts nothing. */
  isKey(text: string): boolean {
    this.#sync();
    return hasKey(this.#index, text);
  }

  /** The address that rules are held against, canonical, or {@link UNKNOWN_ADDRESS}. */
  addressOf(request: Pick<AccessRequest, 'socketAddress' | 'xForwardedFor'>): string {
    return this.#origins.of(request.socketAddress, request.xForwardedFor).text;
  }

  /** Called at once with each denial, in the order of registration. A listener must not throw. */
  onDenied(listener: (denial: Denied) => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Looks at the snapshot on each request rather than trusting to have been told: no removed key is still served.
   */
  #sync(): void {
    const snapshot = this.#config.current;
    if (snapshot === this.#snapshot) return;
    this.#index = compileAccess(snapshot.clients, snapshot.issuers);
    this.#apps = snapshot.apps;
    this.#allowances.setClients(snapshot.clients);
    this.uses.setClients(snapshot.clients);
    this.#origins.clear();
    this.#verified.clear();
    this.#snapshot = snapshot;
  }

  /** The entry for who shows a token of the app, or the denial, already reported. */
  #holderOf(origin: Origin, { request, act, appid, proof }: Ask): ClientEntry | Denied {
    if (proof === 'address' && request.isFromBrowser === true)
      return this.#refuse(BROWSER_REFUSED, origin, act, appid, request);
    const client = entryForTokenHolder(
      this.#index,
      origin.address,
      act,
      appid,
      this.#apps,
      this.#clock.wallNow(),
    );
    if (client !== undefined) return client;
    const facts = { origin, act, appid, client, key: undefined, request };
    return this.#deny(refused('ip_not_allowed', 'address', facts));
  }

  /** The caller, or its denial, already reported. */
  #callerOf(request: AccessRequest, origin: Origin, act: Act, appid: string | undefined): Caller | Denied {
    const showsNothing = request.key === undefined && request.authorization === undefined;
    if (showsNothing && request.certificate === undefined) {
      // Depends on the configuration and the address alone; forgotten with either.
      const identification = (origin.keyless ??= identify(this.#index, 'none', origin.address, 0));
      if (!identification.ok) return this.#refuse(identification, origin, act, appid, request);
      if (request.isFromBrowser !== true) return identification.caller;
      return this.#refuse(BROWSER_REFUSED, origin, act, appid, request);
    }
    // A token was remembered by who judged it.
    const verified =
      request.token === undefined ? this.#verified.callerOf(request, origin, this.#clock) : undefined;
    if (verified !== undefined) return verified;
    const identification = identify(
      this.#index,
      credentialOf(request),
      origin.address,
      this.#clock.wallNow(),
    );
    if (!identification.ok) return this.#refuse(identification, origin, act, appid, request);
    if (showsNothing && request.isFromBrowser === true)
      return this.#refuse(BROWSER_REFUSED, origin, act, appid, request);
    this.#verified.remember(request, identification.caller);
    return identification.caller;
  }

  #refuse(
    identification: Identification & { ok: false },
    origin: Origin,
    act: Act,
    appid: string | undefined,
    request: AccessRequest,
  ): Denied {
    const { reason, cause, client, key } = identification;
    const facts: DenialFacts = { origin, act, appid, client, key, request };
    // To present nothing is no failed credential: nothing was guessed.
    if (reason === 'unauthenticated' && cause !== 'no_key') {
      const wait = this.#failures.take(origin, this.#clock.now());
      if (wait > 0) return this.#deny(limited('too_many_failures', wait, facts));
    }
    return this.#deny(refused(reason, cause, facts));
  }

  #notAuthorised(
    { reason, cause, client, key }: Authorisation & { ok: false },
    origin: Origin,
    act: Act,
    appid: string | undefined,
    request: AccessRequest,
  ): Denied {
    return this.#deny(refused(reason, cause, { origin, act, appid, client, key, request }));
  }

  #deny(denial: Denied): Denied {
    for (const listener of this.#listeners) listener(denial);
    return denial;
  }
}
