import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { Held } from '../core/credential.js';
import type { Secret } from '../core/secret.js';

/** A token that the hub has replaced is still known as its app's for so long (CONTRACT, "Gateway"). */
const REMEMBERED_MS = 2 * 60 * 60 * 1000;
/** Of one app. Only forced refreshes or a misbehaving upstream come near. */
const MOST_PER_APP = 64;

interface Served {
  readonly value: string;
  readonly version: number;
  replacedAt: number | undefined;
}

/** Which app a token belongs to: the current ones and those of the last two hours. */
@Injectable()
export class ServedTokens {
  readonly #appOf = new Map<string, string>();
  readonly #served = new Map<string, Served[]>();

  constructor(private readonly clock: Clock) {}

  /** The app now holds this token. */
  note(appid: string, held: Held): void {
    const served = this.#served.get(appid) ?? [];
    if (served.at(-1)?.version === held.version) return;
    const now = this.clock.now();
    const last = served.at(-1);
    if (last !== undefined) last.replacedAt = now;
    const value = held.value.reveal();
    served.push({ value, version: held.version, replacedAt: undefined });
    this.#appOf.set(value, appid);
    this.#served.set(
      appid,
      served.filter((one, index) => this.#keep(one, served.length - index, now)),
    );
  }

  /** The app of a token that the hub serves, or served within the last two hours. */
  appOf(value: string): string | undefined {
    const appid = this.#appOf.get(value);
    if (appid === undefined) return undefined;
    const now = this.clock.now();
    const one = this.#served.get(appid)?.find((candidate) => candidate.value === value);
    if (one !== undefined && !isOver(one, now)) return appid;
    this.#appOf.delete(value);
    return undefined;
  }

  /** As {@link appOf}, for who holds it as a secret. */
  ownerOf(token: Secret): string | undefined {
    return this.appOf(token.reveal());
  }

  /** Of a token that {@link appOf} would find; `undefined` for what may be anything. */
  fingerprintOf(appid: string, token: Secret): string | undefined {
    return this.ownerOf(token) === appid ? fingerprintOf(token) : undefined;
  }

  /** The app was removed. */
  forget(appid: string): void {
    for (const { value } of this.#served.get(appid) ?? []) this.#appOf.delete(value);
    this.#served.delete(appid);
  }

  #keep(one: Served, fromTheEnd: number, now: number): boolean {
    const kept = fromTheEnd <= MOST_PER_APP && !isOver(one, now);
    if (!kept) this.#appOf.delete(one.value);
    return kept;
  }
}

function isOver({ replacedAt }: Served, now: number): boolean {
  return replacedAt !== undefined && now - replacedAt > REMEMBERED_MS;
}

/** Hex digits of a fingerprint: 48 bits name a token among all that an operator ever sees, and give nothing away. */
const FINGERPRINT_LENGTH = 12;

/** By which people and logs name a token or ticket: the first 12 hex digits of its SHA-256. */
export function fingerprintOf(credential: Secret): string {
  return hash('sha256', credential.reveal(), 'hex').slice(0, FINGERPRINT_LENGTH);
}
