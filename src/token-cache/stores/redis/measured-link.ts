import type { HubEvents } from '../../../events/hub-events.js';
import type { StoreLink } from './redis-link.js';
import type { Script } from './scripts.js';

/** Tells how each command ended and how long it took. Changes nothing about it. */
export class MeasuredLink implements StoreLink {
  constructor(
    private readonly link: StoreLink,
    private readonly events: HubEvents,
  ) {}

  open(limitMs: number): Promise<void> {
    return this.link.open(limitMs);
  }

  run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return this.#measured(script.name, this.link.run(script, keys, args));
  }

  read(keys: readonly string[]): ReturnType<StoreLink['read']> {
    return this.#measured('mget', this.link.read(keys));
  }

  publish(channel: string, text: string): Promise<void> {
    return this.#measured('publish', this.link.publish(channel, text));
  }

  close(): void {
    this.link.close();
  }

  async #measured<T>(command: string, work: Promise<T>): Promise<T> {
    const sent = performance.now();
    let ok = false;
    try {
      const answer = await work;
      ok = true;
      return answer;
    } finally {
      this.events.emit('storeCommandEnded', { command, ok, durationMs: performance.now() - sent });
    }
  }
}
