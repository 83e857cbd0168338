import { isObject } from '../json.js';
import { Secret } from '../secret.js';

/** WeChat pushes one every 10 minutes; each is good for 12 hours, and the older one works while it is. */
export interface VerifyTicket {
  readonly value: Secret;
  /** WeChat's CreateTime, epoch seconds. */
  readonly at: number;
  /** Epoch ms by the wall clock of whoever took it. */
  readonly receivedAt: number;
}

/** The newest wins, whatever order they come in. */
export function newerTicket(before: VerifyTicket | undefined, ticket: VerifyTicket): VerifyTicket {
  return before === undefined || ticket.at >= before.at ? ticket : before;
}

export function writeTicket(
  { value, at, receivedAt }: VerifyTicket,
  reveal: (secret: Secret) => string,
): string {
  return JSON.stringify({ value: reveal(value), at, receivedAt });
}

/** `undefined`: not of the form. Never throws. */
export function readTicket(text: string): VerifyTicket | undefined {
  try {
    const read: unknown = JSON.parse(text);
    if (!isObject(read) || typeof read.value !== 'string') return undefined;
    const { value, at, receivedAt } = read;
    if (typeof at !== 'number' || typeof receivedAt !== 'number') return undefined;
    return { value: new Secret(value), at, receivedAt };
  } catch {
    return undefined;
  }
}

/** Three pushes in a row did not come, ms. */
export const SILENT_AFTER_MS = 1_800_000;

/** Whether WeChat's pushes have stopped. @param since when the hub began to listen, epoch ms by the wall clock */
export function isSilent(ticket: VerifyTicket | undefined, since: number, wallNow: number): boolean {
  return wallNow - Math.max(ticket?.receivedAt ?? 0, since) >= SILENT_AFTER_MS;
}
