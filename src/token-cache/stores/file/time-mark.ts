import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

/**
 * A moment, so that a later process can tell how long ago it was. Two clocks, since each of them lies at times: the wall
 * clock is set back and forth; the uptime ends with the machine, and some containers have one of their own.
 */
export interface TimeMark {
  /** Epoch ms. */
  readonly wall: number;
  /** Of this start of the machine; absent where the machine does not tell. */
  readonly boot?: string | undefined;
  /** ms since then, its sleep included. */
  readonly uptime?: number | undefined;
}

/** Linux tells the uptime in hundredths of a second, rounded down. */
const UPTIME_RESOLUTION_MS = 10;
/** NTP moves a wall clock back by no more than this while all is well, ms. */
const WALL_TOLERANCE_MS = 2000;

/**
 * How long ago `then` was, ms; never less than it was, as far as either clock tells. `undefined`: the wall clock was set
 * back and there is nothing else to go by.
 */
export function elapsedSince(then: TimeMark, now: TimeMark): number | undefined {
  const byWall = now.wall - then.wall;
  const sameBoot = then.boot !== undefined && then.boot === now.boot;
  if (sameBoot && then.uptime !== undefined && now.uptime !== undefined && now.uptime >= then.uptime) {
    return Math.max(0, byWall, now.uptime - then.uptime + UPTIME_RESOLUTION_MS);
  }
  return byWall < -WALL_TOLERANCE_MS ? undefined : Math.max(0, byWall);
}

/** @param wall epoch ms */
export function markNow(wall: number): TimeMark {
  const boot = bootOf('/proc/sys/kernel/random/boot_id');
  return boot === undefined ? { wall } : { wall, boot, uptime: uptime() * 1000 };
}

function bootOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1').trim() || undefined;
  } catch {
    return undefined; // not Linux, or a sandbox
  }
}
