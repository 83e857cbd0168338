import { scrub } from '../../core/scrub.js';
import type { Notice, NoticeKind, TargetType } from '../notice.js';
import type { Pace } from './outbox.js';
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

const SENDER = 'wechat-token-hub';

export interface MessageFacts {
  readonly kind: NoticeKind;
  readonly notices: readonly Notice[];
  /** By the wall clock, ISO 8601. */
  readonly at: string;
}

/** The body of a message, to be signed and written as JSON. */
export function bodyOf(
  type: TargetType,
  { title, lines }: Wording,
  facts: MessageFacts,
): Record<string, unknown> {
  const heading = `${SENDER}: ${title}`;
  switch (type) {
    case 'wecom': {
      const color = facts.kind === 'recovered' ? 'info' : 'warning';
      const content = [`**<font color="${color}">${heading}</font>**`, ...lines.map((line) => `> ${line}`)];
      return { msgtype: 'markdown', markdown: { content: fitting(content, LONGEST_BYTES.wecom) } };
    }
    case 'dingtalk': {
      const text = [`### ${heading}`, ...lines.map((line) => `- ${line}`)];
      return {
        msgtype: 'markdown',
        markdown: { title: heading, text: fitting(text, LONGEST_BYTES.dingtalk) },
      };
    }
    case 'feishu':
      return {
        msg_type: 'interactive',
        card: {
          config: { wide_screen_mode: true },
          header: { title: { tag: 'plain_text', content: heading }, template: colorOf(facts.kind) },
          elements: [{ tag: 'markdown', content: fitting(lines, LONGEST_BYTES.feishu) }],
        },
      };
    case 'webhook':
      return {
        kind: facts.kind,
        at: facts.at,
        title,
        text: fitting(lines, LONGEST_BYTES.webhook),
        count: facts.notices.length,
        notices: facts.notices.slice(0, NOTICES_IN_WEBHOOK).map(shownNotice),
      };
  }
}

/** So many are told one by one to a program; `count` says how many there are. */
const NOTICES_IN_WEBHOOK = 100;

function shownNotice({ error, ...rest }: Notice): Record<string, unknown> {
  if (error === undefined) return rest;
  const { errcode, reason, errmsg, hint } = error;
  return { ...rest, errcode, reason, errmsg, hint };
}

function colorOf(kind: NoticeKind): string {
  if (kind === 'recovered') return 'green';
  return kind === 'forced_refresh' || kind === 'key_expiring' ? 'orange' : 'red';
}

/** The lines, without those at the end that are too much. */
function fitting(lines: readonly string[], longest: number): string {
  const encoder = new TextEncoder();
  let used = 0;
  const kept: string[] = [];
  for (const line of lines) {
    used += encoder.encode(line).length + 1;
    if (used > longest - 4) return [...kept, '…'].join('\n');
    kept.push(line);
  }
  return kept.join('\n');
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
