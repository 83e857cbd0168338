import type { ClientKeys } from '../access-guard/client-keys.js';
import { HubException } from '../web/hub-exception.js';
import { OF_REQUEST, unpackings } from './call/unpackings.js';
import { headerOf } from './rules/headers.js';

/** Where a key was found. */
type Place = 'URL' | 'headers' | 'body';

/** A client's hub key was about to leave for WeChat: SDKs put it where the AppSecret goes, and their logins with it. */
export class KeyWouldLeave extends HubException {
  constructor(place: Place) {
    super(
      'HUB_BAD_REQUEST',
      `A hub key was about to leave for WeChat in the ${place} of this call; nothing was sent. A hub key goes into the header Authorization, and as secret to the hub's own endpoints alone.`,
    );
  }
}

/** The shortest key; what is shorter in all holds none. */
const SHORTEST = 32;

/** Packings that are not looked into, since that takes too long (brotli) or cannot be done; WeChat reads none of them. */
const UNREADABLE = /(?:^|[\s,])(?:br|zstd|(?:x-)?compress|dcb|dcz)(?=[\s,;]|$)/i;

function unreadable(): HubException {
  return new HubException(
    'HUB_BAD_REQUEST',
    'The body is packed in a way that the gateway does not look into, and WeChat does not read: send it as it is, or with gzip.',
  );
}

/** Looks for hub keys in what is about to be forwarded (CONTRACT, "Gateway"). */
export class KeyCheck {
  constructor(private readonly keys: ClientKeys) {}

  /**
   * The request target as it came, and every header but `Authorization`.
   * @throws {KeyWouldLeave}
   * @throws {HubException}
   */
  head(target: string, rawHeaders: readonly string[]): void {
    if (target.length >= SHORTEST) this.#look(target, 'URL');
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] ?? '';
      const value = rawHeaders[index + 1] ?? '';
      if (name.length >= SHORTEST) this.#look(name, 'headers');
      if (value.length >= SHORTEST && name.toLowerCase() !== 'authorization') this.#look(value, 'headers');
    }
  }

  /**
   * A whole body, whatever its type says: it may be packed, or a form that calls itself JSON.
   * @throws {KeyWouldLeave}
   * @throws {HubException}
   */
  body(bytes: Buffer, rawHeaders: readonly string[]): void {
    if (bytes.length === 0) return;
    const coding = headerOf(rawHeaders, 'content-encoding');
    if (coding !== undefined && UNREADABLE.test(coding)) throw unreadable();
    this.#look(bytes.toString('latin1'), 'body');
    for (const unpacked of unpackings(bytes, coding, OF_REQUEST)) {
      this.#look(unpacked.toString('latin1'), 'body');
    }
  }

  #look(text: string, place: Place): void {
    const found = this.keys.lookFor(text);
    if (found === 'too_many') {
      throw new HubException(
        'HUB_BAD_REQUEST',
        `The ${place} of this call holds too many strings that could be hub keys to look at each.`,
      );
    }
    if (found === 'found') throw new KeyWouldLeave(place);
  }
}
