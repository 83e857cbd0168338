import { Injectable } from '@nestjs/common';
import { readAuthorization, writeAuthorization, type Authorization } from '../core/platform/authorization.js';
import { newerTicket, readTicket, writeTicket, type VerifyTicket } from '../core/platform/verify-ticket.js';
import type { Secret } from '../core/secret.js';
import { HubEvents } from '../events/hub-events.js';
import { DurableRecords, type DurableRecord } from '../token-cache/durable-records.js';
import { StoreUnavailable, TokenStore } from '../token-cache/token-store.js';

/** As it was last read or written; `version` 0: nothing of it is stored. */
interface Known<T> {
  readonly version: number;
  readonly value: T | undefined;
}

interface PlatformMemory {
  ticket: Known<VerifyTicket>;
  readonly authorizations: Map<string, Known<Authorization>>;
  revision: number | undefined;
}

/** Writers that meet at one record: each round one of them is through. */
const MOST_ROUNDS = 8;
const TICKET = 'ticket';
const AUTHORIZER = 'authorizer.';

/**
 * What the hub knows of platforms: each fact a record of the store, and as it was last seen in memory. A fact changes by
 * a pure transition (core/platform), which is made anew on what the store holds where another writer was quicker; it is
 * known here when the store has it.
 *
 * A store that went back to older data is brought forward again: what is newer here is written over it.
 */
@Injectable()
export class PlatformRecords {
  readonly #platforms = new Map<string, PlatformMemory>();
  readonly #unreadable = new Set<string>();

  constructor(
    private readonly records: DurableRecords,
    private readonly store: TokenStore,
    private readonly events: HubEvents,
  ) {}

  ticket(platform: string): VerifyTicket | undefined {
    return this.#of(platform).ticket.value;
  }

  authorization(platform: string, appid: string): Authorization | undefined {
    return this.#of(platform).authorizations.get(appid)?.value;
  }

  authorizations(platform: string): Authorization[] {
    return [...this.#of(platform).authorizations.values()].flatMap(({ value }) => value ?? []);
  }

  /** Brings memory and store in line, if anything has changed. @throws StoreUnavailable */
  async sync(platform: string): Promise<void> {
    const memory = this.#of(platform);
    const revision = await this.records.revision(collectionOf(platform));
    if (memory.revision === revision) return;
    const stored = await this.records.list(collectionOf(platform));
    for (const [name, record] of stored) await this.#meet(platform, name, record);
    const lost = [TICKET, ...[...memory.authorizations.keys()].map((appid) => AUTHORIZER + appid)];
    for (const name of lost) if (!stored.has(name)) await this.#meet(platform, name, undefined);
    memory.revision = revision;
  }

  /** One authorisation as the store has it now; where the store is away, as it was last seen. */
  async look(platform: string, appid: string): Promise<Authorization | undefined> {
    const name = AUTHORIZER + appid;
    await this.#unlessAway(async () => {
      await this.#meet(platform, name, await this.records.read(collectionOf(platform), name));
    });
    return this.authorization(platform, appid);
  }

  /** The same for the ticket. */
  async lookTicket(platform: string): Promise<VerifyTicket | undefined> {
    await this.#unlessAway(async () => {
      await this.#meet(platform, TICKET, await this.records.read(collectionOf(platform), TICKET));
    });
    return this.ticket(platform);
  }

  /** @throws StoreUnavailable: nothing has changed here */
  async takeTicket(platform: string, ticket: VerifyTicket): Promise<void> {
    await this.#change(platform, TICKET, (before) => ({
      kind: 'ticket',
      value: newerTicket(before?.kind === 'ticket' ? before.value : undefined, ticket),
    }));
  }

  /**
   * @param transition gives back what it was given where nothing changes
   * @returns how it was and how it is
   * @throws StoreUnavailable: nothing has changed here
   */
  async change(
    platform: string,
    appid: string,
    transition: (before: Authorization | undefined) => Authorization | undefined,
  ): Promise<{ readonly before: Authorization | undefined; readonly after: Authorization | undefined }> {
    let before: Authorization | undefined;
    await this.#change(platform, AUTHORIZER + appid, (fact) => {
      before = fact?.kind === 'authorization' ? fact.value : undefined;
      const value = transition(before);
      return value === undefined ? undefined : { kind: 'authorization', value };
    });
    return { before, after: this.authorization(platform, appid) };
  }

  async #change(
    platform: string,
    name: string,
    transition: (before: Fact | undefined) => Fact | undefined,
  ): Promise<void> {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const known = this.#known(platform, name);
      const before = known.value;
      const after = transition(before);
      if (after === undefined || after.value === before?.value) return;
      const outcome = await this.records.write(collectionOf(platform), name, written(after), known.version);
      if (outcome.written) {
        this.#know(platform, name, { version: outcome.version, value: after });
        this.#tell(platform);
        return;
      }
      await this.#meet(platform, name, outcome.found, after);
    }
    throw new Error(`a record of ${platform} was changed ${MOST_ROUNDS} times while it was written`);
  }

  /**
   * The newer one wins on both sides.
   * @param instead what is about to be written: what cannot be read is written over by it alone
   */
  async #meet(
    platform: string,
    name: string,
    record: DurableRecord | undefined,
    instead?: Fact,
  ): Promise<void> {
    const known = this.#known(platform, name);
    const read = record?.value === undefined ? undefined : readFact(name, record.value);
    if (record !== undefined && read === undefined) this.#tellUnreadable(platform, name);
    const version = record?.version ?? 0;
    if (read !== undefined && (version > known.version || known.value === undefined)) {
      this.#know(platform, name, { version, value: read });
      return;
    }
    if (version === known.version && (read !== undefined || known.value === undefined)) return;
    if (known.value === undefined || instead !== undefined) {
      this.#know(platform, name, { version, value: known.value });
      return;
    }
    // The store has gone back, or lost it, or somebody wrote what is none of the hub's.
    const outcome = await this.records.write(collectionOf(platform), name, written(known.value), version);
    if (outcome.written) this.#know(platform, name, { version: outcome.version, value: known.value });
  }

  #known(platform: string, name: string): Known<Fact> {
    const memory = this.#of(platform);
    if (name === TICKET) {
      const { version, value } = memory.ticket;
      return { version, value: value && { kind: 'ticket', value } };
    }
    const { version = 0, value } = memory.authorizations.get(name.slice(AUTHORIZER.length)) ?? {};
    return { version, value: value && { kind: 'authorization', value } };
  }

  #know(platform: string, name: string, { version, value: fact }: Known<Fact>): void {
    const memory = this.#of(platform);
    if (name === TICKET)
      memory.ticket = { version, value: fact?.kind === 'ticket' ? fact.value : memory.ticket.value };
    else if (name.startsWith(AUTHORIZER)) {
      const value = fact?.kind === 'authorization' ? fact.value : undefined;
      memory.authorizations.set(name.slice(AUTHORIZER.length), { version, value });
    }
  }

  #of(platform: string): PlatformMemory {
    let memory = this.#platforms.get(platform);
    if (memory === undefined) {
      memory = {
        ticket: { version: 0, value: undefined },
        authorizations: new Map(),
        revision: undefined,
      };
      this.#platforms.set(platform, memory);
    }
    return memory;
  }

  #tell(platform: string): void {
    this.store.announce({ kind: 'platform', appid: platform }).catch((error: unknown) => {
      if (!(error instanceof StoreUnavailable))
        this.events.emit('troubleSeen', { where: 'platforms.announce', error });
    });
  }

  #tellUnreadable(platform: string, name: string): void {
    const place = `${platform} ${name}`;
    if (this.#unreadable.has(place)) return;
    this.#unreadable.add(place);
    const slot = name === TICKET ? 'verify_ticket' : 'authorization';
    this.events.emit('storedUnreadable', { appid: platform, slot });
  }

  async #unlessAway(look: () => Promise<void>): Promise<void> {
    try {
      await look();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
    }
  }
}

type Fact =
  | { readonly kind: 'ticket'; readonly value: VerifyTicket }
  | { readonly kind: 'authorization'; readonly value: Authorization };

function collectionOf(platform: string): string {
  return `platform.${platform}`;
}

const reveal = (secret: Secret): string => secret.reveal();

function written(fact: Fact): string {
  return fact.kind === 'ticket' ? writeTicket(fact.value, reveal) : writeAuthorization(fact.value, reveal);
}

function readFact(name: string, text: string): Fact | undefined {
  if (name === TICKET) {
    const value = readTicket(text);
    return value && { kind: 'ticket', value };
  }
  const value = readAuthorization(text);
  return value !== undefined && name === AUTHORIZER + value.appid
    ? { kind: 'authorization', value }
    : undefined;
}
