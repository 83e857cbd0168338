import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { ClientKeys } from '../access-guard/client-keys.js';

/** What is taken over from a caller: no white space, no quotes, nothing that a log or a shell would stumble on. */
const ACCEPTED = /^[A-Za-z0-9._~+/=:@-]{1,128}$/;

const processPart = randomBytes(6).toString('base64url');
let count = 0;

@Injectable()
export class RequestIdSource {
  constructor(private readonly keys: ClientKeys) {}

  /** The caller's `X-Request-Id` where it is of a harmless form and holds no hub key: ids stand in logs and answers. */
  of({ headers }: Pick<IncomingMessage, 'headers'>): string {
    const given = headers['x-request-id'];
    const isTaken = typeof given === 'string' && ACCEPTED.test(given) && !this.keys.mayHold(given);
    return isTaken ? given : nextRequestId();
  }
}

/** One that no other process makes. */
export function nextRequestId(): string {
  count += 1;
  return `${processPart}-${count.toString(36)}`;
}
