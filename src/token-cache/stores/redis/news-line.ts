import type { Redis } from 'ioredis';
import { messageOf } from './redis-errors.js';
import { refusalDelay, RetryPace, STEADY_MS } from './retry-pace.js';

/**
 * The line proves itself so often, ms: what is told on the channel must come back by it. A dead connection looks just
 * like a quiet one, and a node that was cut off from the others takes a subscription as before.
 */
const PROOF_MS = 5000;
/** How long what was told may take to come back, ms. */
const PROOF_LIMIT_MS = 2000;
/** Deaf for so long, ms, it is told of. Shorter breaks are made up for by comparing. */
const DEAF_MS = 5000;
/** Begins what a line tells itself. No JSON: other replicas' readers leave it alone. */
const PROOF = 'proof:';

export interface NewsListener {
  message(text: string): void;
  /** Messages may have been missed: the subscription is new. */
  missed(): void;
  /** Once per change: whether what others tell is heard. `cause`: why not, as the client tells it. */
  newsChanged(heard: boolean, cause: string | undefined): void;
}

/** Tells on the channel, by the way that commands take; whether that was done. */
export type Tell = (channel: string, text: string) => Promise<boolean>;

/**
 * The subscription to what other replicas tell. Whatever ends it (a refusal, a dead socket, a proxy that swallows it),
 * it is made anew, after a pause that grows while subscriptions do not last.
 */
export class NewsLine {
  #client: Redis | undefined;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #pace: RetryPace;
  readonly #refusals: RetryPace;
  /** When the subscription that stands was made; `undefined`: there is none. */
  #heardSince: number | undefined;
  #deafSince = performance.now();
  /** Why the line was given up, where it was this side that did. */
  #cause: string | undefined;
  #told: boolean | undefined;
  #proofs = 0;
  #awaited: string | undefined;
  #closed = false;

  /**
   * @param connect makes a client that ends with its connection.
   * @param id nobody else's.
   */
  constructor(
    private readonly connect: () => Redis,
    private readonly channel: string,
    private readonly id: string,
    private readonly tell: Tell,
    private readonly listener: NewsListener,
    chance: () => number,
  ) {
    this.#pace = new RetryPace(chance);
    this.#refusals = new RetryPace(chance, refusalDelay);
  }

  open(): void {
    this.#attempt();
    this.#deafFrom(performance.now(), 'no connection');
    const proving = setInterval(() => void this.#prove(), PROOF_MS).unref();
    this.#timers.add(proving);
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#client?.disconnect();
  }

  #attempt(): void {
    if (this.#closed) return;
    const client = this.connect();
    this.#client = client;
    this.#cause = undefined;
    let cause = 'the connection was lost';
    let refused = false;
    client.on('error', (error: unknown) => (cause = messageOf(error)));
    client.on('message', (_channel: string, text: string) => {
      this.#hear(text);
    });
    client.once('ready', () => {
      client.subscribe(this.channel).then(
        () => {
          this.#subscribed(client);
        },
        (error: unknown) => {
          refused = true;
          cause = messageOf(error);
          client.disconnect();
        },
      );
    });
    client.once('end', () => {
      this.#lost(refused, this.#cause ?? cause);
    });
    client.connect().catch(() => undefined);
  }

  #subscribed(client: Redis): void {
    if (this.#closed || client !== this.#client) return;
    const now = performance.now();
    this.#heardSince = now;
    this.#pace.useful(now);
    this.#refusals.useful(now);
    this.listener.missed();
    // Until then a subscription that is taken and dropped again and again would be told as often.
    if (this.#told === false) this.#after(STEADY_MS, () => client === this.#client && this.#tellHeard());
    else this.#tellHeard();
    void this.#prove();
  }

  #tellHeard(): void {
    if (this.#heardSince === undefined || this.#told === true) return;
    this.#told = true;
    this.listener.newsChanged(true, undefined);
  }

  #lost(refused: boolean, cause: string): void {
    if (this.#closed) return;
    const now = performance.now();
    const short = this.#heardSince !== undefined && now - this.#heardSince < STEADY_MS;
    this.#heardSince = undefined;
    this.#client = undefined;
    this.#awaited = undefined;
    const pause = this.#pace.lost(now);
    // A line that could not even be made says nothing of refusals.
    const patience = refused || short ? this.#refusals.lost(now) : 0;
    this.#after(Math.max(pause, patience), () => {
      this.#attempt();
    });
    if (refused) this.#tellDeaf(cause);
    else this.#deafFrom(now, cause);
  }

  #deafFrom(since: number, cause: string): void {
    this.#deafSince = since;
    this.#after(DEAF_MS, () => {
      if (this.#deafSince === since) this.#tellDeaf(cause);
    });
  }

  #tellDeaf(cause: string): void {
    if (this.#heardSince !== undefined || this.#told === false) return;
    this.#told = false;
    this.listener.newsChanged(false, cause);
  }

  #hear(text: string): void {
    if (text === this.#awaited) this.#awaited = undefined;
    // Proofs of others, and what a look at Redis tells.
    else if (text !== '' && !text.startsWith(PROOF)) this.listener.message(text);
  }

  /** Never rejects. */
  async #prove(): Promise<void> {
    const client = this.#client;
    if (client === undefined || this.#heardSince === undefined || this.#awaited !== undefined) return;
    this.#proofs += 1;
    const proof = `${PROOF}${this.id}:${this.#proofs}`;
    this.#awaited = proof;
    const told = await this.tell(this.channel, proof);
    if (!told && this.#awaited === proof) this.#awaited = undefined;
    if (told) {
      this.#after(PROOF_LIMIT_MS, () => {
        if (this.#awaited !== proof || client !== this.#client) return;
        this.#cause = 'what was told on the channel did not come back';
        client.disconnect();
      });
    }
  }

  #after(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#closed) act();
    }, ms).unref();
    this.#timers.add(timer);
  }
}
