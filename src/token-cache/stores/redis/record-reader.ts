import type { CredentialSlot } from '../../../core/credential.js';
import type { HubEvents } from '../../../events/hub-events.js';
import type { Stored } from '../../token-store.js';
import { readRecord } from './record.js';
import type { ClockReading } from './redis-time.js';
import type { Sealer } from './seal.js';

/** Reads records, and tells once of each that cannot be read: it is looked at again and again. */
export class RecordReader {
  readonly #unreadable = new Set<string>();

  constructor(
    private readonly sealer: Sealer,
    private readonly events: HubEvents,
  ) {}

  /** `texts`: what Redis holds for each of the slots, if anything. */
  readAll(
    appid: string,
    slots: readonly CredentialSlot[],
    texts: readonly unknown[],
    reading: ClockReading,
  ): Stored[] {
    return slots.flatMap((slot, nth) => {
      const text = texts[nth];
      return typeof text === 'string' ? [this.read(text, appid, slot, reading)] : [];
    });
  }

  read(text: string, appid: string, slot: CredentialSlot, reading: ClockReading): Stored {
    const { stamp, held } = readRecord(text, appid, slot, reading, this.sealer);
    const name = `${appid} ${slot}`;
    if (held !== undefined) {
      this.#unreadable.delete(name);
    } else if (!this.#unreadable.has(name)) {
      this.#unreadable.add(name);
      this.events.emit('storedUnreadable', { appid, slot });
    }
    return { slot, stamp, held };
  }
}
