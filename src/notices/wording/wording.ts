import { causeIn, fixIn, type Language } from './cause-texts.js';
import { linksOf, type Link, type LinkBases } from './links.js';
import { foreign, plain } from './plain.js';
import { WORDS } from './languages.js';
import { unitOf, type Words } from './words.js';
import { addressesIn } from '../../core/whitelist.js';
import type { Notice, NoticeKind } from '../notice.js';

/** So many apps or keys are named in one message. */
const NAMED = 20;
/** So many causes are told apart in one message. */
const CAUSES_TOLD = 5;

/** What a message says, before it takes a robot's form. */
export interface Wording {
  readonly title: string;
  /** One line each, without markup. */
  readonly lines: readonly string[];
  readonly links: readonly Link[];
}

/** Puts notices of one kind, at least one, into words. What robots take for markup is taken out of names and foreign words. */
export function wordingOf(
  kind: NoticeKind,
  notices: readonly Notice[],
  language: Language,
  links: LinkBases,
): Wording {
  const words = WORDS[language];
  const unit = unitOf(kind);
  const title =
    notices.length === 1 || unit === 'none'
      ? words.titles[kind]
      : words.many(words.titles[kind], notices.length, unit);
  const appid = notices.length === 1 ? notices[0]?.appid : undefined;
  return {
    title,
    lines: linesOf(kind, notices, words, language),
    links: linksOf(kind, appid, links, language),
  };
}

function linesOf(kind: NoticeKind, notices: readonly Notice[], words: Words, language: Language): string[] {
  const each = (line: (notice: Notice) => string): string[] => {
    const lines = notices.slice(0, NAMED).map(line);
    return notices.length > NAMED ? [...lines, words.more(notices.length - NAMED)] : lines;
  };
  const ofHub = (line: (instance: string) => string, advice: string): string[] =>
    notices.flatMap(({ instance = '', problems = [] }) => [
      line(plain(instance)),
      advice,
      ...problems.map(plain),
    ]);
  switch (kind) {
    case 'key_expiring':
      return [
        ...each(({ client = '', keyId = '', expiresOn = '', daysLeft = 0 }) =>
          words.key(plain(client), plain(keyId), expiresOn, daysLeft),
        ),
        words.keyAdvice,
      ];
    case 'forced_refresh':
      return [
        ...each((notice) =>
          words.forced(appOf(notice, words), plain(notice.client ?? ''), notice.outcome ?? '', notice.left),
        ),
        words.forcedAdvice,
      ];
    case 'token_contested':
      return [...each((notice) => words.contested(appOf(notice, words))), words.contestedAdvice];
    case 'recovered':
      return each((notice) =>
        words.recovered(
          notice.appid === undefined ? undefined : appOf(notice, words),
          (notice.from ?? []).map((from) => words.titles[from]),
        ),
      );
    case 'config_refused':
      return ofHub(words.configRefused, words.configAdvice);
    case 'secret_missing':
      return ofHub(words.secretMissing, words.secretAdvice);
    case 'store_away':
      return ofHub(words.storeAway, words.storeAdvice);
    case 'state_unwritten':
      return ofHub(words.stateUnwritten, words.stateAdvice);
    case 'certificate_expiring':
      return notices.flatMap(({ instance = '', expiresOn = '', daysLeft = 0 }) => [
        words.certificate(plain(instance), expiresOn, daysLeft),
        words.certificateAdvice,
      ]);
    case 'token_ending':
    case 'wrong_secret':
    case 'not_whitelisted':
    case 'quota_gone':
    case 'refused':
    case 'ticket_failing':
      return failureLines(kind, notices, words, language);
  }
}

/** Cause by cause, those of most apps first: the cause, its remedy, its apps. */
function failureLines(
  kind: NoticeKind,
  notices: readonly Notice[],
  words: Words,
  language: Language,
): string[] {
  const [only] = notices;
  if (only !== undefined && notices.length === 1) {
    return [aloneOf(kind, only, words), ...adviceOf(only, undefined, words, language)];
  }
  const groups = byCause(notices);
  const namedOfEach = Math.max(3, Math.floor(NAMED / Math.min(groups.length, CAUSES_TOLD)));
  const told = groups.slice(0, CAUSES_TOLD).flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const names = group.slice(0, namedOfEach).map((notice) => inList(kind, notice, words));
    if (group.length > namedOfEach) names.push(words.more(group.length - namedOfEach));
    // What is too long for a robot is cut at its end: of many apps rather some names than a remedy.
    const count = groups.length > 1 ? group.length : undefined;
    return [...adviceOf(first, count, words, language), words.apps(names.join(words.listComma))];
  });
  const rest = groups.slice(CAUSES_TOLD).reduce((sum, group) => sum + group.length, 0);
  return rest > 0 ? [...told, words.more(rest)] : told;
}

function byCause(notices: readonly Notice[]): Notice[][] {
  const groups = new Map<string, Notice[]>();
  for (const notice of notices) {
    const { cause, error } = notice;
    // Two addresses are two remedies; an errcode that the hub does not know is a cause of its own.
    const key = [cause, error?.reason, ...addressesIn(error?.errmsg ?? '')].join(' ');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [notice]);
    else group.push(notice);
  }
  return [...groups.values()].sort((a, b) => b.length - a.length);
}

function adviceOf(
  { error, cause }: Notice,
  count: number | undefined,
  words: Words,
  language: Language,
): string[] {
  if (error === undefined || cause === undefined) return [];
  const { errcode, errmsg, hint } = error;
  const text = causeIn(language, cause) ?? foreign(errmsg);
  // The hub's own words are enough where it knows the errcode.
  const said =
    errcode === undefined ? '' : cause === 'unknown_errcode' ? `${errcode} ${foreign(errmsg)}` : `${errcode}`;
  return [
    words.cause(said === '' ? text : `${text}${words.bracket(said)}`, count),
    words.todo(plain(fixIn(language, { cause, hint, addresses: addressesIn(errmsg) }))),
  ];
}

function aloneOf(kind: NoticeKind, notice: Notice, words: Words): string {
  const app = appOf(notice, words);
  const { ticket, remainingMs = 0 } = notice;
  if (kind === 'ticket_failing') return words.ticket(app, ticket ?? '', remainingMs);
  return words.app(app, words.life(remainingMs));
}

function inList(kind: NoticeKind, notice: Notice, words: Words): string {
  const { appid = '', name, ticket, remainingMs = 0 } = notice;
  const rest =
    kind === 'ticket_failing'
      ? [ticket ?? '']
      : kind === 'token_ending'
        ? [words.shortLife(remainingMs)]
        : [];
  if (name === undefined) return rest.length === 0 ? appid : `${appid}${words.bracket(rest.join(''))}`;
  return `${plain(name)}${words.bracket([appid, ...rest].join(words.listComma))}`;
}

function appOf({ appid = '', name }: Notice, words: Words): string {
  return name === undefined ? appid : `${plain(name)}${words.bracket(appid)}`;
}
