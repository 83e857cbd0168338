import { blockOf, parseAddress } from '../core/access/address.js';
import type { AuditEntry } from './record.js';

/** How long denials of one kind from one source are summed up into one line. Milliseconds. */
export const SUMMED_MS = 60_000;
/**
 * Sources that are told apart at a time. Whoever commands more addresses makes one line a minute and reason of what is
 * beyond: at the most 512 lines and their sums in a minute, whatever is sent, and some 200 KB.
 */
export const MOST_SOURCES = 512;

export interface Denial {
  readonly reason: string;
  readonly act: string;
  readonly client: string | undefined;
  readonly keyId: string | undefined;
  readonly address: string;
  readonly requestId: string | undefined;
  /** Only of an app that there is. */
  readonly appid: string | undefined;
}

interface Sum {
  readonly key: string;
  readonly entry: AuditEntry;
  /** Of the line that is written next; epoch ms on the hub's clock. */
  readonly dueAt: number;
  /** Since the last line. */
  count: number;
}

/**
 * Denials, of which the first of a kind (reason and client) from a source (IPv4: the address, IPv6: its /64) is a line
 * at once, and those that follow are one line with their `count`, once a minute, until a minute passes without any.
 *
 * Time is an argument: epoch ms on the hub's clock, which never goes back.
 */
export class DenialSums {
  /** In the order of their `dueAt`: all wait equally long. */
  readonly #sums = new Map<string, Sum>();
  #sources = 0;

  /** The line to write now; `undefined`: it is counted. */
  take(denial: Denial, now: number): AuditEntry | undefined {
    const block = blockOfText(denial.address);
    const key = `${denial.reason} ${denial.client ?? ''} ${block}`;
    const known = this.#sums.get(key);
    if (known !== undefined) {
      known.count += 1;
      return undefined;
    }
    if (this.#sources >= MOST_SOURCES) return this.#takeBeyond(denial, now);
    this.#sources += 1;
    const { reason, client } = denial;
    const entry = { act: 'request.denied', outcome: 'denied', reason, client, address: block } as const;
    this.#sums.set(key, { key, entry, dueAt: now + SUMMED_MS, count: 0 });
    const { keyId, address, requestId, appid, act } = denial;
    return { ...entry, keyId, address, requestId, appid, detail: `asked for ${act}` };
  }

  /** When {@link due} has something to do; `undefined`: never. */
  get nextDueAt(): number | undefined {
    for (const { dueAt } of this.#sums.values()) return dueAt;
    return undefined;
  }

  /** The lines whose minute is over. A source that was silent for it is forgotten. */
  due(now: number): AuditEntry[] {
    const lines: AuditEntry[] = [];
    for (const sum of this.#sums.values()) {
      if (sum.dueAt > now) break;
      this.#sums.delete(sum.key);
      if (sum.count > 0) {
        lines.push(lineOf(sum));
        this.#sums.set(sum.key, { ...sum, dueAt: now + SUMMED_MS, count: 0 });
      } else if (!isBeyond(sum)) {
        this.#sources -= 1;
      }
    }
    return lines;
  }

  /** What is counted and not yet written, for the shutdown. */
  drain(): AuditEntry[] {
    const lines = [...this.#sums.values()].filter(({ count }) => count > 0).map(lineOf);
    this.#sums.clear();
    this.#sources = 0;
    return lines;
  }

  /** Of all sources that are too many: one sum per reason, which are few. The first is a line at once, too. */
  #takeBeyond({ reason }: Denial, now: number): AuditEntry | undefined {
    const known = this.#sums.get(reason);
    if (known !== undefined) {
      known.count += 1;
      return undefined;
    }
    const detail = `from more sources than are told apart (${MOST_SOURCES})`;
    const entry = { act: 'request.denied', outcome: 'denied', reason, detail } as const;
    this.#sums.set(reason, { key: reason, entry, dueAt: now + SUMMED_MS, count: 0 });
    return entry;
  }
}

function lineOf({ entry, count }: Sum): AuditEntry {
  return { ...entry, count };
}

function isBeyond({ entry }: Sum): boolean {
  return entry.address === undefined;
}

/** Of an address as it is shown; what is none stands for itself (`unknown`). */
function blockOfText(text: string): string {
  const address = parseAddress(text);
  return address === undefined ? text : blockOf(address);
}
