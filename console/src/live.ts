import type { Api } from './api.js';
import { ApiError } from './api.js';
import { updated, type Model } from './model.js';

/** Between two questions while all is well. */
const PACE_MS = 2000;
/** After failures: doubling up to this. */
const LONGEST_WAIT_MS = 30_000;

export type Connection = 'connecting' | 'live' | 'lost' | 'crowded';

export interface LiveListener {
  onModel(model: Model): void;
  onConnection(connection: Connection): void;
  /** The hub refuses this key, or asks for one. The feed has ended. */
  onDenied(error: ApiError): void;
}

/** Keeps a model current: asks for changes again and again, not while nobody sees the page. */
export class LiveFeed {
  readonly #api: Api;
  readonly #listener: LiveListener;
  #model: Model | undefined;
  #cursor = '';
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = false;
  #ended = false;

  constructor(api: Api, listener: LiveListener) {
    this.#api = api;
    this.#listener = listener;
    document.addEventListener('visibilitychange', this.#onVisibility);
    void this.#ask();
  }

  /** Asks at once: something was done. */
  hurry(): void {
    clearTimeout(this.#timer);
    void this.#ask();
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    document.removeEventListener('visibilitychange', this.#onVisibility);
  }

  readonly #onVisibility = (): void => {
    if (!document.hidden) this.hurry();
  };

  async #ask(): Promise<void> {
    if (this.#asking || this.#ended) return;
    this.#asking = true;
    const wait = await this.#once();
    this.#asking = false;
    // `end` may have been called meanwhile; the compiler cannot know.
    if (!(this.#ended as boolean) && wait !== undefined && !document.hidden) {
      this.#timer = setTimeout(() => void this.#ask(), wait);
    }
  }

  /** How long to wait before the next question, ms; `undefined`: there is none. */
  async #once(): Promise<number | undefined> {
    try {
      const answer = await this.#api.live(this.#cursor);
      if (this.#ended) return undefined;
      this.#cursor = answer.cursor;
      this.#model = updated(this.#model, answer, performance.now());
      this.#failures = 0;
      this.#listener.onModel(this.#model);
      this.#listener.onConnection('live');
      return answer.more ? 0 : PACE_MS;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return this.#ended ? undefined : this.#afterFailure(error);
    }
  }

  #afterFailure(error: ApiError): number | undefined {
    if (error.status === 401 || error.status === 403) {
      this.end();
      this.#listener.onDenied(error);
      return undefined;
    }
    this.#failures += 1;
    const backoff = Math.min(PACE_MS * 2 ** (this.#failures - 1), LONGEST_WAIT_MS);
    if (error.status === 429) {
      if (this.#model === undefined) {
        this.end();
        this.#listener.onDenied(error);
        return undefined;
      }
      this.#listener.onConnection('crowded');
      return Math.max(backoff, error.retryAfterSeconds * 1000);
    }
    this.#listener.onConnection('lost');
    return backoff;
  }
}
