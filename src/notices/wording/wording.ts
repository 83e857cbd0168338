import type { Language } from './cause-texts.js';
import { causeText, fixText } from './error-texts.js';
import type { UpstreamError } from '../../core/upstream.js';
import type { Notice, NoticeKind } from '../notice.js';
import { WORDS, type Words } from './words.js';

/** So many apps or keys are named in one message. */
const NAMED = 10;

/** What a message says, before it takes a robot's form. */
export interface Wording {
  readonly title: string;
  /** One line each, without markup. */
  readonly lines: readonly string[];
}

/** Puts notices of one kind, at least one, into words. Names and WeChat's words go in without what robots take for markup. */
export function wordingOf(kind: NoticeKind, notices: readonly Notice[], language: Language): Wording {
  const words = WORDS[language];
  const title =
    notices.length === 1
      ? words.titles[kind]
      : words.many(words.titles[kind], notices.length, kind === 'key_expiring');
  const lines = notices
    .slice(0, NAMED)
    .map((notice) => lineOf(kind, notice, notices.length > 1, words, language));
  if (notices.length > NAMED) lines.push(words.more(notices.length - NAMED));
  const advice = adviceOf(kind, notices, language);
  // What is too long for a robot is cut at its end: of many apps rather some names than the remedy.
  return { title, lines: notices.length > 1 ? [...advice, ...lines] : [...lines, ...advice] };
}

function lineOf(
  kind: NoticeKind,
  notice: Notice,
  oneOfMany: boolean,
  words: Words,
  language: Language,
): string {
  const { client = '', keyId = '' } = notice;
  switch (kind) {
    case 'key_expiring':
      return words.key(plain(client), plain(keyId), notice.expiresOn ?? '', notice.daysLeft ?? 0);
    case 'forced_refresh':
      return words.forced(appOf(notice, words), plain(client), notice.outcome ?? '', notice.left);
    case 'recovered':
      return words.recovered(
        appOf(notice, words),
        (notice.from ?? []).map((from) => words.titles[from]),
      );
    default:
      break;
  }
  const life = words.life(notice.remainingMs ?? 0);
  const app = appOf(notice, words);
  const { error } = notice;
  if (!oneOfMany) return words.detail(app, life);
  const code = error === undefined ? '' : codeOf(error, language);
  return words.detail(app, code === '' ? life : `${code}${words.comma}${life}`);
}

/** Cause and remedy, of the failure that most of them have. */
function adviceOf(kind: NoticeKind, notices: readonly Notice[], language: Language): string[] {
  const words = WORDS[language];
  if (kind === 'key_expiring') return [words.keyAdvice];
  if (kind === 'forced_refresh') return [words.forcedAdvice];
  const error = mostFrequent(notices.flatMap((notice) => notice.error ?? []));
  if (error === undefined || kind === 'recovered') return [];
  const { errcode, errmsg } = error;
  const said = plain(errcode === undefined ? errmsg : `${errcode} ${errmsg}`);
  return [
    words.cause(`${causeText(error, 'token', language)}${words.bracket(said)}`),
    words.todo(plain(fixText(error, 'token', language))),
  ];
}

function codeOf(error: UpstreamError, language: Language): string {
  return error.errcode === undefined ? causeText(error, 'token', language) : String(error.errcode);
}

function mostFrequent(errors: readonly UpstreamError[]): UpstreamError | undefined {
  const counts = new Map<string, number>();
  let best: UpstreamError | undefined;
  for (const error of errors) {
    const count = (counts.get(error.reason) ?? 0) + 1;
    counts.set(error.reason, count);
    if (best === undefined || count > (counts.get(best.reason) ?? 0)) best = error;
  }
  return best;
}

function appOf({ appid = '', name }: Notice, words: Words): string {
  return name === undefined ? appid : `${plain(name)}${words.bracket(appid)}`;
}

/** Without what Markdown or a robot reads as markup, links or mentions. One line. */
export function plain(text: string): string {
  return text
    .replace(/[\s\p{C}]+/gu, ' ')
    .replace(/[<>]/g, (sign) => (sign === '<' ? '＜' : '＞'))
    .replace(/[*`[\]|\\~]/g, '')
    .replace(/@/g, '＠')
    .trim();
}
