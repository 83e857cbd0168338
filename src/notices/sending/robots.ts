import { scrub } from '../../core/scrub.js';
import { isCritical, type Notice, type NoticeKind, type TargetType } from '../notice.js';
import type { Pace } from './outbox.js';
import { foreign, plain } from '../wording/plain.js';
import type { Wording } from '../wording/wording.js';

/*
 * What each robot takes and answers. Sources: WeCom "群机器人配置说明" (developer.work.weixin.qq.com/document/path/91770),
 * DingTalk "自定义机器人接入" (open.dingtalk.com), Feishu "自定义机器人使用指南" (open.feishu.cn).
 */

/**
 * WeCom and DingTalk take 20 messages a minute (DingTalk then blocks for ten minutes), Feishu 100 a minute and 5 a
 * second. Less is used: replicas and other systems may write to the same robot. A webhook is spared likewise.
 */
export const PACES: Readonly<Record<TargetType, Pace>> = {
  wecom: { perMinute: 10, gapMs: 1000 },
  dingtalk: { perMinute: 10, gapMs: 1000 },
  feishu: { perMinute: 30, gapMs: 500 },
  webhook: { perMinute: 60, gapMs: 200 },
};

/** The most of a text that fits, bytes of UTF-8. WeCom: 4096; DingTalk: the whole message 20,000; Feishu: 20 KB. */
const LONGEST_BYTES: Readonly<Record<TargetType, number>> = {
  wecom: 4096,
  dingtalk: 16_000,
  feishu: 16_000,
  webhook: 64_000,
};

/** WeCom: of a text. */
const LONGEST_WECOM_TEXT_BYTES = 2048;

const SENDER = 'wechat-token-hub';

export interface MessageFacts {
  readonly kind: NoticeKind;
  readonly notices: readonly Notice[];
  /** By the wall clock, ISO 8601. */
  readonly at: string;
  /** HUB_NAME: which of several hubs speaks. */
  readonly hub: string | undefined;
  /** Who is called by name, where it is critical: `all`, ids, mobile numbers. */
  readonly mention: readonly string[];
}

/** The body of a message, to be signed and written as JSON. */
export function bodyOf(
  type: TargetType,
  { title, lines, links }: Wording,
  facts: MessageFacts,
): Record<string, unknown> {
  const { kind, notices, at, hub } = facts;
  const heading = `${SENDER}${hub === undefined ? '' : ` ${plain(hub)}`}: ${title}`;
  const mention = isCritical(kind) ? facts.mention : [];
  const clickable = links.map(({ label, url }) => `[${label}](${url})`);
  switch (type) {
    case 'wecom':
      return mention.length > 0
        ? wecomText([heading, ...lines, ...links.map(({ label, url }) => `${label}: ${url}`)], mention)
        : wecomMarkdown(kind, heading, [...lines, ...clickable]);
    case 'dingtalk': {
      const all = mention.includes('all');
      const names = mention.filter((each) => each !== 'all');
      // The ones in `at` are called only if the text names them.
      const called = [...names.map((name) => `@${name}`), ...(all ? ['@all'] : [])].join(' ');
      const text = [
        `### ${heading}`,
        ...(called === '' ? [] : [called]),
        ...lines.map((line) => `- ${line}`),
      ];
      const body = { title: heading, text: fitting(text, clickable.join(' · '), LONGEST_BYTES.dingtalk) };
      const [mobiles, ids] = [names.filter(isMobile), names.filter((name) => !isMobile(name))];
      const at = { atMobiles: mobiles, atUserIds: ids, isAtAll: all };
      return { msgtype: 'markdown', markdown: body, ...(mention.length === 0 ? {} : { at }) };
    }
    case 'feishu': {
      const called = mention.map((name) => `<at id=${name}></at>`);
      const content = fitting([...called, ...lines], clickable.join(' · '), LONGEST_BYTES.feishu);
      return {
        msg_type: 'interactive',
        card: {
          config: { wide_screen_mode: true },
          header: { title: { tag: 'plain_text', content: heading }, template: colorOf(kind) },
          elements: [{ tag: 'markdown', content }],
        },
      };
    }
    case 'webhook':
      return {
        kind,
        critical: isCritical(kind),
        ...(hub === undefined ? {} : { hub }),
        at,
        title,
        text: fitting(lines, '', LONGEST_BYTES.webhook),
        ...(links.length === 0 ? {} : { links }),
        ...(mention.length === 0 ? {} : { mention }),
        count: notices.length,
        notices: notices.slice(0, NOTICES_IN_WEBHOOK).map(shownNotice),
      };
  }
}

function wecomMarkdown(kind: NoticeKind, heading: string, lines: readonly string[]): Record<string, unknown> {
  const color = kind === 'recovered' ? 'info' : 'warning';
  const content = [`**<font color="${color}">${heading}</font>**`, ...lines.map((line) => `> ${line}`)];
  return { msgtype: 'markdown', markdown: { content: fitting(content, '', LONGEST_BYTES.wecom) } };
}

/** Everybody, and people by their mobile numbers, are called in texts alone. A text has 2048 bytes. */
function wecomText(lines: readonly string[], mention: readonly string[]): Record<string, unknown> {
  return {
    msgtype: 'text',
    text: {
      content: fitting(lines, '', LONGEST_WECOM_TEXT_BYTES),
      mentioned_list: mention
        .filter((name) => !isMobile(name))
        .map((name) => (name === 'all' ? '@all' : name)),
      mentioned_mobile_list: mention.filter(isMobile),
    },
  };
}

function isMobile(name: string): boolean {
  return /^\+?\d{7,15}$/.test(name);
}

/** So many are told one by one to a program; `count` says how many there are. */
const NOTICES_IN_WEBHOOK = 100;

function shownNotice({ error, ...rest }: Notice): Record<string, unknown> {
  if (error === undefined) return rest;
  const { errcode, reason, errmsg, hint } = error;
  return { ...rest, errcode, reason, errmsg: foreign(errmsg), hint };
}

function colorOf(kind: NoticeKind): string {
  if (kind === 'recovered') return 'green';
  return ORANGE.has(kind) ? 'orange' : 'red';
}

const ORANGE: ReadonlySet<NoticeKind> = new Set([
  'forced_refresh',
  'key_expiring',
  'certificate_expiring',
  'ticket_failing',
  'secret_missing',
]);

/** The lines, without those at the end that are too much; `last`, where it is not empty, is always there. */
function fitting(lines: readonly string[], last: string, longest: number): string {
  const encoder = new TextEncoder();
  const end = last === '' ? [] : [last];
  let used = encoder.encode(last).length + 1;
  const kept: string[] = [];
  for (const line of lines) {
    used += encoder.encode(line).length + 1;
    if (used > longest - 4) return [...kept, '…', ...end].join('\n');
    kept.push(line);
  }
  return [...kept, ...end].join('\n');
}

export interface RobotAnswer {
  /** HTTP. */
  readonly status: number;
  readonly body: string;
  /** `Retry-After` in seconds, where there is one. */
  readonly retryAfterSeconds: number | undefined;
}

export type Verdict =
  | { readonly ok: true }
  | {
      readonly ok: false;
      /** What the answer asks to wait for, ms; `never`: trying again is of no use. */
      readonly wait: number | 'never';
      /** For the log: a code and the robot's own words, free of secrets. */
      readonly why: string;
    };

const MINUTE_MS = 60_000;

/** Codes that pass by themselves, with the wait that they ask for. All others are answers to something wrong. */
const PASSING: Readonly<Record<Exclude<TargetType, 'webhook'>, Readonly<Record<number, number>>>> = {
  // Busy; more than 20 messages in this minute.
  wecom: { [-1]: 0, 45009: MINUTE_MS },
  // Busy; "send too fast, exceed 20 times per minute", after which the robot is blocked for ten minutes.
  dingtalk: { [-1]: 0, 130101: 10 * MINUTE_MS, 410100: 10 * MINUTE_MS },
  // Too many messages: of this robot, of all.
  feishu: { 11232: MINUTE_MS, 9499: MINUTE_MS },
};

/**
 * What became of a message. WeCom, DingTalk and Feishu answer HTTP 200 whatever they think of it, and say so in the body.
 * @param secrets of which nothing may be in the words: an answer may quote what was sent
 */
export function verdictOf(type: TargetType, answer: RobotAnswer, secrets: readonly string[]): Verdict {
  const { status, body, retryAfterSeconds } = answer;
  const isBusy = status === 408 || status === 425 || status === 429 || status >= 500;
  if (status < 200 || status >= 300) {
    const wait = isBusy ? (retryAfterSeconds ?? 0) * 1000 : 'never';
    return { ok: false, wait, why: `HTTP status ${status}` };
  }
  if (type === 'webhook') return { ok: true };
  const said = codeIn(body);
  if (said === undefined) return { ok: false, wait: 0, why: 'the answer is not that of a robot' };
  if (said.code === 0) return { ok: true };
  const wait = PASSING[type][said.code] ?? 'never';
  return { ok: false, wait, why: scrub(`${said.code} ${said.words}`, secrets) };
}

function codeIn(body: string): { readonly code: number; readonly words: string } | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const { errcode, errmsg, code, msg, StatusCode } = parsed as Readonly<Record<string, unknown>>;
  const number = [errcode, code, StatusCode].find((one): one is number => typeof one === 'number');
  const words = [errmsg, msg].find((one): one is string => typeof one === 'string');
  return number === undefined ? undefined : { code: number, words: words ?? '' };
}
