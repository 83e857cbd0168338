import { localTime } from '../clock/local-time.js';
import type { CommandContext } from './command.js';

/** `2026-12-05 00:00:10 UTC+8`, in HUB_TIME_ZONE, else in the machine's zone. @param iso a time as the hub writes it */
export function timeOf({ env }: CommandContext, iso: string): string {
  return localTime(Date.parse(iso), zoneOf(env.HUB_TIME_ZONE));
}

/** A zone that there is not is the hub's to complain of. */
function zoneOf(zone: string | undefined): string | undefined {
  if (zone === undefined || zone === '') return undefined;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return zone;
  } catch {
    return undefined;
  }
}
