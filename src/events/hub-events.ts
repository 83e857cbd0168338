import { Injectable } from '@nestjs/common';
import type { DenialCause } from '../core/access/decision.js';
import type { CredentialKind } from '../core/credential.js';
import type { TargetType } from '../notices/notice.js';
import type { ReplicaView } from '../core/replica-view.js';
import type { UpstreamError } from '../core/upstream.js';
import type { Actor, RequestIds } from './actor.js';
import type { AppRefused, LoginEnded } from './login-events.js';
import type { AuthorizationChanged, PlatformPushed } from './platform-events.js';
import type { StateFileChanged, StateWritten, StoreChanged } from './store-events.js';

/** Why an attempt was made. */
export type RefreshTrigger = 'schedule' | 'reload' | 'admin' | 'report' | 'seed';

/** An attempt to get a token or ticket ended. `at` and all times: epoch ms on the hub's clock. */
export interface RefreshEnded {
  readonly appid: string;
  /** The token API, or the type of the ticket. */
  readonly kind: CredentialKind;
  readonly trigger: RefreshTrigger;
  readonly forced: boolean;
  readonly outcome: 'issued' | 'confirmed' | 'outdated' | 'failed';
  /** Of what was issued: the first 12 hex digits of its SHA-256; `undefined` with another outcome. */
  readonly fingerprint: string | undefined;
  /** From the moment the call was sent to its last byte, ms. */
  readonly durationMs: number;
  /** Of the token that is held now, if any. */
  readonly version: number | undefined;
  readonly error: UpstreamError | undefined;
  /** Failed attempts in a row, this one included; 0 after a success. */
  readonly failures: number;
  /** How long the token that is held goes on living, ms; 0 where there is none. */
  readonly remainingMs: number;
  readonly nextAttemptAt: number;
}

/** Who says that a token is dead. */
export type Reporter = {
  /** WeChat's words, where they are known. */
  readonly errcode?: number | undefined;
} & (
  | ({ readonly by: 'client' | 'drop_in' | 'gateway' } & Partial<Actor>)
  /** The hub's own ticket call. */
  | { readonly by: 'ticket' }
);

/** Somebody said that a token is dead. */
export type TokenReported = Reporter & {
  readonly appid: string;
  readonly outcome: 'superseded' | 'refreshed' | 'confirmed' | 'throttled' | 'unavailable';
  /** Of the reported token, if it is one that the hub serves or served lately: as in {@link RefreshEnded}. */
  readonly fingerprint: string | undefined;
};

export interface RequestDenied extends RequestIds {
  /** Of a closed set: DenialCause. */
  readonly reason: DenialCause;
  readonly act: string;
  readonly clientId: string | undefined;
  readonly keyId: string | undefined;
  readonly address: string;
  /** Only where there is such an app; never a label of a metric. */
  readonly appid: string | undefined;
}

export interface ConfigReloaded {
  readonly trigger: 'admin' | 'signal' | 'file' | 'replica';
  readonly ok: boolean;
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  /** One line each, free of secrets. */
  readonly problems: readonly string[];
  /** The same of AppSecrets that cannot be had; the reload was accepted all the same. */
  readonly warnings?: readonly string[];
  /** The same in a few words, with the appids and the ids of clients and keys. */
  readonly detail: string;
}

export interface AdminActed extends Actor {
  readonly act: 'reload' | 'refresh' | 'force_refresh' | 'seed' | 'quota' | 'clear_quota' | 'rid';
  readonly appid: string | undefined;
  readonly outcome: string;
  /** WeChat's, where it refused. */
  readonly errcode?: number | undefined;
  readonly detail?: string | undefined;
}

/** What became of a call through the gateway, as the caller saw it. */
export type GatewayOutcome =
  /** WeChat's answer, whatever it says. */
  | 'answered'
  /** An error of the hub: WeChat could not be reached, broke off or was silent before its answer began. */
  | 'failed'
  /** The answer had begun and broke off. */
  | 'cut_off'
  | 'too_large'
  | 'caller_gone';

/** A call through the gateway ended: one that was admitted and for which there was a token. */
export interface GatewayCalled {
  readonly appid: string;
  readonly outcome: GatewayOutcome;
  /** HTTP, as sent to the caller; `undefined`: nothing was sent. */
  readonly status: number | undefined;
  /** From admission to the end of the caller's response, ms. */
  readonly durationMs: number;
  /** Whether it was made a second time because the first token was dead. */
  readonly repeated: boolean;
}

/** Another replica says that it is there. For people to look at. */
export interface ReplicaHeard {
  /** Of the process, as long as it runs. */
  readonly id: string;
  readonly instance: string;
  readonly version: string;
  readonly upMs: number;
  /** Its last reading of apps.yaml after the start. */
  readonly reload: { readonly ok: boolean; readonly agoMs: number } | undefined;
  /** What it sees of its apps; `undefined`: it does not say. */
  readonly view?: ReplicaView | undefined;
}

/** Whether this replica hears what the others tell. */
export interface NewsChanged {
  readonly heard: boolean;
  /** Why not; free of secrets. */
  readonly cause: string | undefined;
}

/** A command to the shared store ended. */
export interface StoreCommandEnded {
  /** Of a closed set: a script's name, or Redis's own. */
  readonly command: string;
  readonly ok: boolean;
  readonly durationMs: number;
}

/** What became of a message to a robot, at its end. */
export const NOTICE_RESULTS = [
  /** The robot took it in. */
  'sent',
  /** Given up, after all tries or by an answer that makes more of them useless. */
  'failed',
  /** Given up untried: too many waited. */
  'dropped',
] as const;
export type NoticeResult = (typeof NOTICE_RESULTS)[number];

export interface NoticeEnded {
  readonly type: TargetType;
  readonly result: NoticeResult;
}

/** Where lines can be lost: `stdout` (the log, and the audit log where it goes there too), `audit` (its file). */
export const LOGS = ['stdout', 'audit'] as const;

export interface LinesLost {
  readonly log: (typeof LOGS)[number];
  readonly lines: number;
}

export interface HubEventMap {
  refreshEnded: RefreshEnded;
  /** This replica began to serve a token or ticket that it found in the store: another one got it. */
  credentialTaken: { readonly appid: string; readonly kind: CredentialKind };
  /** `stable_token`: WeChat gave another token than the one held, long before the handover, and nobody here forced it. */
  rotatedEarly: { readonly appid: string; readonly version: number };
  tokenReported: TokenReported;
  requestDenied: RequestDenied;
  configReloaded: ConfigReloaded;
  adminActed: AdminActed;
  gatewayCalled: GatewayCalled;
  loginEnded: LoginEnded;
  appRefused: AppRefused;
  /** A call with a good token was refused because of the hub's address: of the gateway, or for a ticket. */
  addressRefused: { readonly appid: string; readonly error: UpstreamError };
  /** WeChat refuses the token that is held, and gives no other: it is served no more. */
  tokenLost: { readonly appid: string; readonly version: number };
  /** Once per change; never with the memory store. */
  storeChanged: StoreChanged;
  /** Once per change; never with the memory store. */
  newsChanged: NewsChanged;
  replicaHeard: ReplicaHeard;
  /** A stored credential cannot be read: altered, or under a key that HUB_ENCRYPTION_KEYS does not have. */
  storedUnreadable: { readonly appid: string; readonly slot: string };
  storeCommandEnded: StoreCommandEnded;
  stateWritten: StateWritten;
  /** Once per change; only with HUB_STATE_FILE. */
  stateFileChanged: StateFileChanged;
  /** The keys of an issuer (its id) were read, or could not be. */
  issuerRead: { readonly issuer: string; readonly ok: boolean };
  /** Once per change; `cause`: why not, free of secrets. */
  issuerChanged: { readonly issuer: string; readonly available: boolean; readonly cause: string | undefined };
  /** Another replica knows something new of the platform and its authorizers. */
  platformTold: { readonly platform: string };
  platformPushed: PlatformPushed;
  /** WeChat's pushes have stopped for half an hour, or come again. */
  platformSilent: { readonly platform: string; readonly silent: boolean };
  authorizationChanged: AuthorizationChanged;
  /** A raw push went on to one of the platform's forwardTo, or was given up. */
  pushForwarded: { readonly platform: string; readonly ok: boolean };
  /** Another replica told something; see StoreNews. */
  newsHeard: { readonly kind: string };
  /** A drop-in caller was told errcode -1: the hub has nothing valid. On /v1 that is a 503. */
  dropInUnserved: { readonly appid: string; readonly what: 'token' | 'ticket' };
  /** The callers' listener shows a certificate that ends then, epoch ms by the wall clock. */
  certificateShown: { readonly endsAt: number };
  /** Not for messages that a shutdown, or a reload without their target, leaves behind. */
  noticeEnded: NoticeEnded;
  /** Lines of a log that could not be written and no longer fitted into memory. */
  linesLost: LinesLost;
  /** Something failed that a person should look at, and that nobody waits for: the store, a listener, a bug. */
  troubleSeen: { readonly where: string; readonly error: unknown };
}

type Listener<K extends keyof HubEventMap> = (event: HubEventMap[K]) => void;

/**
 * What happens in the hub, for those who watch: logs, metrics, and whatever comes later. Nothing decides by it.
 * Listeners run at once, in the order of their registration; one that throws disturbs neither the others nor the act.
 */
@Injectable()
export class HubEvents {
  readonly #listeners = new Map<keyof HubEventMap, ((event: never) => void)[]>();

  on<K extends keyof HubEventMap>(event: K, listener: Listener<K>): void {
    const listeners = this.#listeners.get(event) ?? [];
    listeners.push(listener);
    this.#listeners.set(event, listeners);
  }

  emit<K extends keyof HubEventMap>(event: K, payload: HubEventMap[K]): void {
    for (const listener of this.#listeners.get(event) ?? []) {
      try {
        (listener as Listener<K>)(payload);
      } catch (error) {
        if (event !== 'troubleSeen') this.emit('troubleSeen', { where: `listener of ${event}`, error });
      }
    }
  }
}
