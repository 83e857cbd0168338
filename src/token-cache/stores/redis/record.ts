import { hash } from 'node:crypto';
import type { CredentialKind, CredentialSlot, Held } from '../../../core/credential.js';
import { slotOf } from '../../../core/credential.js';
import { Secret } from '../../../core/secret.js';
import { timesFromStore, type ClockReading } from './redis-time.js';
import type { Sealer } from './seal.js';

/**
 * One credential as Redis has it: a single text, so that one GET is all of it and one SET replaces all of it.
 *
 *     1 <stamp> <version> <fence> <kind> <issued> <confirmed> <expires> <life> <fingerprint> <body>
 *
 * Times: ms on Redis's clock. `stamp`: of the write, grows with each. `fence`: of the claim under which the value was
 * got; 0: without one. The scripts read the same form (scripts.ts).
 */
export interface StoredRecord {
  /** 0: there is not even that to be read. */
  readonly stamp: number;
  /** `undefined`: not of the form above, perhaps a later hub's, or it does not open with the keys that are here. */
  readonly held: Held | undefined;
}

const FORM =
  /^1 (\d+) (\d+) (\d+) (stable_token|token|jsapi|wx_card) (\d+) (\d+) (\d+) (\d+) ([A-Za-z0-9_-]+) (.*)$/s;

export function readRecord(
  text: string,
  appid: string,
  slot: CredentialSlot,
  reading: ClockReading,
  sealer: Sealer,
): StoredRecord {
  const match = FORM.exec(text);
  if (match === null) return { stamp: Number(/^1 (\d+) /.exec(text)?.[1] ?? 0), held: undefined };
  const [stamp, version, fence, issuedAt, confirmedAt, expiresAt, lifeMs] = [1, 2, 3, 5, 6, 7, 8].map((nth) =>
    Number(match[nth]),
  ) as [number, number, number, number, number, number, number];
  const kind = match[4] as CredentialKind;
  if (slotOf(kind) !== slot) return { stamp, held: undefined };
  const value = sealer.open(match[10] ?? '', { appid, kind, version });
  const times = timesFromStore({ issuedAt, confirmedAt, expiresAt }, reading);
  const held =
    value === undefined
      ? undefined
      : { value: new Secret(value), version, kind, lifeMs, fence: fenceOf(fence), ...times };
  return { stamp, held };
}

/** Redis's 0 is the hub's `undefined`: got without a claim. */
export function fenceOf(stored: number): number | undefined {
  return stored === 0 ? undefined : stored;
}

/**
 * Tells two values of an app apart without showing either: 128 bits of SHA-256. A token has far more entropy than
 * anybody could try, so its hash gives nothing away.
 */
export function fingerprint(appid: string, held: Held): string {
  const text = `${appid}|${held.kind}|${held.value.reveal()}`;
  return Buffer.from(hash('sha256', text, 'hex'), 'hex')
    .subarray(0, 16)
    .toString('base64url');
}
