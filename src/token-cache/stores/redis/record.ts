import { hash } from 'node:crypto';
import type { CredentialKind, CredentialSlot, Held } from '../../../core/credential.js';
import { slotOf } from '../../../core/credential.js';
import { Secret } from '../../../core/secret.js';
import { timesFromStore, type ClockReading } from './redis-time.js';
import type { Sealer } from './seal.js';

/**
 * One credential as Redis has it: a single text, so that one GET is all of it and one SET replaces all of it.
 *
 *     2 <stamp> <version> <fence> <kind> <issued> <confirmed> <expires> <life> <fingerprint> <body>
 *
 * Times: ms on Redis's clock. `stamp`: of the write, grows with each. `fence`: of the lease under which the value was
 * got; 0: without one. The scripts read the same form (scripts.ts).
 */
export interface StoredRecord {
  /** 0: there is not even that to be read. */
  readonly stamp: number;
  /** `undefined`: not of the form above, perhaps a later hub's, or it does not open with the keys that are here. */
  readonly held: Held | undefined;
}

const FORM =
  /^2 (\d+) (\d+) (\d+) (stable_token|token|gettoken|component_token|authorizer_token|jsapi|wx_card|agent_config) (\d+) (\d+) (\d+) (\d+) ([A-Za-z0-9_-]+) (.*)$/s;
/** Sealed together: the end as its writer knew it, which nobody moves to later; the credentials; the value. */
const BODY = /^(\d+) ([0-9a-f]{16}|-) (.+)$/s;

/** Numbers that come from Redis's clock lie at most so far ahead of it: a failover may have set it back, ms. */
const CLOCK_TOLERANCE_MS = 86_400_000;
/** WeChat's lives are hours; none is believed that is longer than this, ms. */
const LONGEST_LIFE_MS = 30 * 86_400_000;
/** Room to count up in: 2^53 - 2^20. */
const GREATEST_VERSION = 9_007_199_253_692_416;

export function bodyOf(held: Held, expiresAt: number): string {
  return `${expiresAt} ${held.credentialsId ?? '-'} ${held.value.reveal()}`;
}

export function readRecord(
  text: string,
  appid: string,
  slot: CredentialSlot,
  reading: ClockReading,
  sealer: Sealer,
): StoredRecord {
  const match = FORM.exec(text);
  if (match === null) return { stamp: 0, held: undefined };
  const [stamp, version, fence, issuedAt, confirmedAt, expiresAt, lifeMs] = [1, 2, 3, 5, 6, 7, 8].map((nth) =>
    Number(match[nth]),
  ) as [number, number, number, number, number, number, number];
  const latest = reading.redisNow + CLOCK_TOLERANCE_MS;
  const believable =
    Math.max(stamp, fence, issuedAt, confirmedAt) <= latest &&
    version <= GREATEST_VERSION &&
    expiresAt <= reading.redisNow + LONGEST_LIFE_MS &&
    lifeMs <= LONGEST_LIFE_MS;
  if (!believable) return { stamp: 0, held: undefined };
  const kind = match[4] as CredentialKind;
  if (slotOf(kind) !== slot) return { stamp, held: undefined };
  const body = BODY.exec(sealer.open(match[10] ?? '', { appid, kind, version }) ?? '');
  const [, sealedEnd, credentialsId, value] = body ?? [];
  if (value === undefined) return { stamp, held: undefined };
  const times = timesFromStore(
    { issuedAt, confirmedAt, expiresAt: Math.min(expiresAt, Number(sealedEnd)) },
    reading,
  );
  return {
    stamp,
    held: {
      value: new Secret(value),
      version,
      kind,
      lifeMs,
      fence: fenceOf(fence),
      credentialsId: credentialsId === '-' ? undefined : credentialsId,
      ...times,
    },
  };
}

/** Redis's 0 is the hub's `undefined`: got without a lease. */
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
