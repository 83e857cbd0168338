/** Of one zone: making one costs some 50 µs. */
const formats = new Map<string, Intl.DateTimeFormat>();

/**
 * A time for people, to the second, with what its zone is ahead of UTC: `2026-12-05 00:00:10 UTC+8`.
 * @param at epoch ms
 * @param timeZone an IANA name; `undefined`: the machine's
 */
export function localTime(at: number, timeZone: string | undefined): string {
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? '';
  const zone = part('timeZoneName')
    .replace(/^GMT/, 'UTC')
    .replace(/^UTC\+0$/, 'UTC');
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')}:${part('second')} ${zone}`;
}

/** The same to the minute. */
export function localMinute(at: number, timeZone: string | undefined): string {
  return localTime(at, timeZone).replace(/:\d\d (?=[A-Z])/, ' ');
}

function formatOf(timeZone: string | undefined): Intl.DateTimeFormat {
  const key = timeZone ?? '';
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      timeZoneName: 'shortOffset',
    });
    formats.set(key, format);
  }
  return format;
}
