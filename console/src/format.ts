import { LOCALES, TEXTS, type Language } from './language.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A span of time in two units at most, rounded down: `1 h 42 min`, `9 min 05 s`, `3 d 4 h`. Negative counts as 0. */
export function span(ms: number, language: Language): string {
  const texts = TEXTS[language].spans;
  const left = Math.max(0, Math.floor(ms / SECOND)) * SECOND;
  if (left >= DAY) return texts.days(Math.floor(left / DAY), Math.floor((left % DAY) / HOUR));
  if (left >= HOUR) return texts.hours(Math.floor(left / HOUR), Math.floor((left % HOUR) / MINUTE));
  if (left < MINUTE) return texts.seconds(left / SECOND);
  const seconds = (left % MINUTE) / SECOND;
  return texts.minutes(Math.floor(left / MINUTE), String(seconds).padStart(2, '0'));
}

/** The same in one unit, for what changes too fast to be read otherwise. */
export function roughSpan(ms: number, language: Language): string {
  const texts = TEXTS[language].spans;
  if (ms >= HOUR) return span(ms, language);
  return ms >= MINUTE ? texts.wholeMinutes(Math.floor(ms / MINUTE)) : span(ms, language);
}

/** `in 4 min`, `2 h ago`. */
export function fromNow(at: number, now: number, language: Language): string {
  const { life } = TEXTS[language];
  if (at > now) return life.in(roughSpan(at - now, language));
  return life.ago(roughSpan(now - at, language));
}

/** When something is due: `in 4 min 05 s`; past, `due now`. */
export function dueIn(at: number, now: number, language: Language): string {
  const { life } = TEXTS[language];
  return at - now < SECOND ? life.due : life.in(span(at - now, language));
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(language: Language, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language} ${JSON.stringify(options)}`;
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(LOCALES[language], options);
    formats.set(key, format);
  }
  return format;
}

/** Date and time to the second, in the browser's time zone. */
export function moment(at: number, language: Language): string {
  return formatOf(language, { dateStyle: 'medium', timeStyle: 'medium' }).format(at);
}

export function timeOfDay(at: number, language: Language): string {
  return formatOf(language, { hour: '2-digit', minute: '2-digit' }).format(at);
}

export function date(at: number, language: Language): string {
  return formatOf(language, { dateStyle: 'medium' }).format(at);
}

export function count(value: number, language: Language): string {
  return value.toLocaleString(LOCALES[language]);
}
