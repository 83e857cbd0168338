import type { NoticeKind } from '../notice.js';

/** What notices of a kind are counted in. */
export type Unit = 'apps' | 'keys' | 'none';

export function unitOf(kind: NoticeKind): Unit {
  switch (kind) {
    case 'key_expiring':
      return 'keys';
    case 'config_refused':
    case 'secret_missing':
    case 'store_away':
    case 'state_unwritten':
    case 'certificate_expiring':
      return 'none';
    default:
      return 'apps';
  }
}

/** The sentences of notices in one language. */
export interface Words {
  readonly titles: Readonly<Record<NoticeKind, string>>;
  /** Between names of a list. */
  readonly listComma: string;
  bracket(text: string): string;
  many(title: string, count: number, unit: Unit): string;
  more(count: number): string;
  /** An app by itself, with how its token is. */
  app(app: string, rest: string): string;
  /** Of a token that lives for so many ms; `undefined`: nothing is known of it. */
  life(remainingMs: number): string;
  /** The same beside a name in a list. */
  shortLife(remainingMs: number): string;
  ticket(app: string, type: string, remainingMs: number): string;
  /** `count`: of several causes, how many apps have this one. */
  cause(text: string, count: number | undefined): string;
  todo(text: string): string;
  apps(names: string): string;
  /** Of an app, or of the hub. */
  recovered(app: string | undefined, from: readonly string[]): string;
  forced(app: string, client: string, outcome: string, left: number | undefined): string;
  readonly forcedAdvice: string;
  contested(app: string): string;
  readonly contestedAdvice: string;
  key(client: string, keyId: string, expiresOn: string, daysLeft: number): string;
  readonly keyAdvice: string;
  certificate(instance: string, expiresOn: string, daysLeft: number): string;
  readonly certificateAdvice: string;
  readonly configRefused: (instance: string) => string;
  readonly configAdvice: string;
  readonly secretMissing: (instance: string) => string;
  readonly secretAdvice: string;
  readonly storeAway: (instance: string) => string;
  readonly storeAdvice: string;
  readonly stateUnwritten: (instance: string) => string;
  readonly stateAdvice: string;
  readonly console: string;
  readonly runbook: string;
}
