import type { AppSettings } from '../core/app.js';
import type { UpstreamError } from '../core/upstream.js';
import type { Actor } from './actor.js';

/** What became of a user's login. */
export type LoginResult =
  | 'granted'
  /** WeChat refuses the code or the user. */
  | 'refused'
  /** WeChat refuses the app. */
  | 'app_refused'
  /** WeChat said that it is busy. */
  | 'busy'
  /** No usable answer, and the code may be used up. */
  | 'lost'
  /** WeChat never saw the code. */
  | 'unreached'
  /** Not sent: too many are under way. */
  | 'too_many';

/** A user's login ended. Free of the code, and of what the user got. */
export interface LoginEnded extends Actor {
  readonly appid: string;
  readonly kind: 'session' | 'oauth';
  readonly result: LoginResult;
  readonly errcode: number | undefined;
  /** From sending to the last byte, ms. */
  readonly durationMs: number;
  /** The answer of a call that the same client's earlier request had begun. */
  readonly repeated: boolean;
}

/** A call that carried the AppSecret, other than one for a token, and WeChat refused the app. */
export interface AppRefused {
  readonly appid: string;
  /** As it was when the call was sent. */
  readonly app: AppSettings;
  readonly error: UpstreamError;
}
