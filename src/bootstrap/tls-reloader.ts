import { createHash } from 'node:crypto';
import type { Server } from 'node:https';
import { Clock, type TimerHandle } from '../clock/clock.js';
import type { Log } from '../logging/log.js';
import { readTls, type TlsMaterial } from './tls.js';

/**
 * How often the certificate files are compared. They are small, and certificates change days before they must: a
 * poll is enough, and works where file events do not (network file systems, Kubernetes' symlink swaps).
 */
const LOOK_EVERY_MS = 5000;

/**
 * Puts a changed certificate into a running HTTPS server: new connections get it, open ones stay. Files that do not
 * belong together (half of a rotation written) leave the old certificate in place until they do.
 */
export class TlsReloader {
  #timer: TimerHandle | undefined;
  #current: string;
  #refused: string | undefined;

  constructor(
    private readonly server: Pick<Server, 'setSecureContext'>,
    private readonly files: readonly string[],
    initial: TlsMaterial,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly onShown: (material: TlsMaterial) => void = () => undefined,
  ) {
    this.#current = digestOf(initial);
    onShown(initial);
  }

  start(): void {
    this.#timer = this.clock.setTimeout(() => {
      this.look();
      this.start();
    }, LOOK_EVERY_MS);
  }

  stop(): void {
    this.clock.clearTimeout(this.#timer);
  }

  look(): void {
    try {
      const material = readTls(this.files);
      const digest = digestOf(material);
      this.#refused = undefined;
      if (digest === this.#current) return;
      this.server.setSecureContext(material);
      this.#current = digest;
      this.onShown(material);
      this.log.info('certificate reloaded', { files: this.files });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      // Once per kind of trouble: this runs every few seconds.
      if (message !== this.#refused) this.log.error('certificate not reloaded; the old one stays', { error });
      this.#refused = message;
    }
  }
}

function digestOf({ cert, key, ca }: TlsMaterial): string {
  const hash = createHash('sha256');
  for (const part of [cert, key, ca ?? Buffer.alloc(0)]) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex');
}
