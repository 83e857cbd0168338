import { blockOf, parseAddress } from '../core/access/address.js';

/** How long denials of one kind from one source are summed up into one line. Milliseconds. */
export const SUMMED_MS = 60_000;
/**
 * Sources that are told apart at a time. Whoever commands more addresses makes one line a minute and reason of what is
 * beyond: at the most 512 lines and their sums in a minute, whatever is sent, and some 200 KB.
 */
export const MOST_SOURCES = 512;

/** What a log goes by; each log knows for itself what else it writes of one. */
export interface Denial {
  /** One of a few. */
  readonly reason: string;
  readonly client: string | undefined;
  /** As it is shown. */
  readonly address: string;
}

/** How many there were of one kind since the line before. */
export interface DenialSum {
  readonly reason: string;
  readonly client: string | undefined;
  /** IPv4: the address, IPv6: its /64; `undefined`: from all sources beyond {@link MOST_SOURCES}, whosever they are. */
  readonly source: string | undefined;
  readonly count: number;
}

type Kind = Omit<DenialSum, 'count'>;

interface Sum {
  readonly kind: Kind;
  /** Of the line that is written next; epoch ms on the hub's clock. */
  readonly dueAt: number;
  count: number;
}

/**
 * Denials, of which the first of a kind (reason and client) from a source is a line at once, and those that follow are
 * one line with their count, once a minute, until a minute passes without any.
 *
 * Time is an argument: epoch ms on the hub's clock, which never goes back.
 */
export class DenialSums {
  /** In the order of their `dueAt`: all wait equally long. */
  readonly #sums = new Map<string, Sum>();
  #sources = 0;

  /** Whether it is a line now, as itself or as the first from a source too many; `undefined`: it is counted. */
  take({ reason, client, address }: Denial, now: number): 'first' | 'beyond' | undefined {
    const source = blockOfText(address);
    const kind = { reason, client, source };
    if (this.#counts(kind)) return undefined;
    if (this.#sources < MOST_SOURCES) {
      this.#sources += 1;
      this.#begin(kind, now);
      return 'first';
    }
    // One sum per reason, which are few.
    const beyond = { reason, client: undefined, source: undefined };
    if (this.#counts(beyond)) return undefined;
    this.#begin(beyond, now);
    return 'beyond';
  }

  /** When {@link due} has something to do; `undefined`: never. */
  get nextDueAt(): number | undefined {
    for (const { dueAt } of this.#sums.values()) return dueAt;
    return undefined;
  }

  /** The lines whose minute is over. A source that was silent for it is forgotten. */
  due(now: number): DenialSum[] {
    const lines: DenialSum[] = [];
    for (const [key, { kind, count, dueAt }] of this.#sums) {
      if (dueAt > now) break;
      this.#sums.delete(key);
      if (count > 0) {
        lines.push({ ...kind, count });
        this.#begin(kind, now);
      } else if (kind.source !== undefined) {
        this.#sources -= 1;
      }
    }
    return lines;
  }

  /** What is counted and not yet written, for the shutdown. */
  drain(): DenialSum[] {
    const lines = [...this.#sums.values()].filter(({ count }) => count > 0);
    this.#sums.clear();
    this.#sources = 0;
    return lines.map(({ kind, count }) => ({ ...kind, count }));
  }

  #counts(kind: Kind): boolean {
    const known = this.#sums.get(keyOf(kind));
    if (known === undefined) return false;
    known.count += 1;
    return true;
  }

  #begin(kind: Kind, now: number): void {
    this.#sums.set(keyOf(kind), { kind, dueAt: now + SUMMED_MS, count: 0 });
  }
}

function keyOf({ reason, client, source }: Kind): string {
  return source === undefined ? reason : `${reason} ${client ?? ''} ${source}`;
}

/** Of an address as it is shown; what is none stands for itself (`unknown`). */
function blockOfText(text: string): string {
  const address = parseAddress(text);
  return address === undefined ? text : blockOf(address);
}
