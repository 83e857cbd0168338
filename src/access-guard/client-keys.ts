import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppsConfig, type HubSnapshot } from '../config/reload/apps-config.service.js';
import { keysIn } from '../core/access/keys-in-text.js';

/** Knows every client's key, by its hash, wherever it stands: for what is about to leave for WeChat. */
@Injectable()
export class ClientKeys {
  #snapshot: HubSnapshot | undefined;
  #hashes: ReadonlySet<string> = new Set();

  constructor(private readonly config: AppsConfig) {}

  /** Whether the text is a client's key, or holds one. Expired keys count: they were secrets, and may be others'. */
  holdsOne(text: string): boolean {
    const candidates = keysIn(text);
    if (candidates.length === 0) return false;
    const snapshot = this.config.current;
    if (snapshot !== this.#snapshot) {
      this.#hashes = new Set(
        snapshot.clients.flatMap(({ keys }) => keys.map(({ sha256 }) => sha256.toLowerCase())),
      );
      this.#snapshot = snapshot;
    }
    return candidates.some((candidate) => this.#hashes.has(hash('sha256', candidate, 'hex')));
  }
}
