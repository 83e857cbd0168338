import type { Act } from '../core/access/client.js';
import type { TicketType, TokenApi } from '../core/app.js';
import type { Language } from '../notices/wording/cause-texts.js';
import type { NoticeKind, TargetType } from '../notices/notice.js';

/*
 * What apps.yaml says, checked, as data that can pass between threads: no classes, no Map, no Set.
 * apps-file.build.ts makes the hub's own objects of it.
 */

export interface PlainApp {
  readonly appid: string;
  readonly name: string | undefined;
  /** In the clear: a `Secret` does not survive the way between threads, by design. */
  readonly secret: string;
  readonly tokenApi: TokenApi;
  readonly refreshAheadSeconds: number;
  readonly reconcileSeconds: number;
  readonly tickets: readonly TicketType[];
}

export interface PlainKey {
  readonly id: string;
  readonly sha256: string;
  readonly expiresAt: number | undefined;
}

export interface PlainClient {
  readonly id: string;
  readonly keys: readonly PlainKey[];
  readonly allowIps: readonly string[] | undefined;
  readonly apps: readonly string[] | '*';
  readonly may: readonly Act[];
  readonly gatewayPaths: readonly string[] | undefined;
  readonly requestsPerMinute: number;
}

export interface PlainNotify {
  readonly type: TargetType;
  /** In the clear, as {@link PlainApp.secret}. */
  readonly url: string;
  readonly secret: string | undefined;
  readonly apps: readonly string[] | undefined;
  readonly language: Language;
  readonly events: readonly NoticeKind[] | undefined;
  readonly mention: readonly string[];
  readonly consoleUrl: string | undefined;
  readonly runbooksUrl: string | undefined;
}

/** All that a file without problems says. */
export interface PlainAppsFile {
  readonly apps: PlainApp[];
  readonly clients: PlainClient[];
  readonly notify: PlainNotify[];
}
