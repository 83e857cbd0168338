import { inspect } from 'node:util';
import {
  errorOf,
  parseReport,
  parseSignature,
  parseTicket,
  parseToken,
  retryAfterMs,
} from './hub-answers.js';
import { HubError } from './hub-error.js';
import type { HubResponse } from './transport.js';

const NOW = Date.UTC(2026, 0, 1);
const KEY = 'k'.repeat(40);
const scrub = (text: string): string => text.replaceAll(KEY, '[redacted]');

function response(status: number, body: unknown, headers: Record<string, string> = {}): HubResponse {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { status, header: (name) => headers[name], body: text };
}

describe('what the hub answers', () => {
  it('a token', () => {
    expect(parseToken({ access_token: 't', expires_in: 7012, version: 17 })).toEqual({
      token: 't',
      lifeMs: 7_012_000,
      version: 17,
    });
  });

  it.each([
    [undefined],
    [null],
    [[]],
    ['text'],
    [{}],
    [{ access_token: '', expires_in: 1, version: 1 }],
    [{ access_token: 't', expires_in: '7200', version: 1 }],
    [{ access_token: 't', expires_in: -1, version: 1 }],
    [{ access_token: 't', expires_in: Infinity, version: 1 }],
    [{ access_token: 't', expires_in: 1 }],
  ])('is not a token: %j', (body) => {
    expect(() => parseToken(body)).toThrow(expect.objectContaining({ code: 'HUB_BAD_ANSWER' }));
  });

  it('a report’s outcome must be one that is known', () => {
    const body = { access_token: 't', expires_in: 1, version: 1 };
    expect(parseReport({ ...body, outcome: 'throttled' })).toMatchObject({
      outcome: 'throttled',
      token: 't',
    });
    expect(() => parseReport({ ...body, outcome: 'other' })).toThrow(HubError);
    expect(() => parseReport(body)).toThrow(HubError);
  });

  it('a ticket and a signature', () => {
    expect(parseTicket({ ticket: 'x', expires_in: 2, version: 1 })).toEqual({
      ticket: 'x',
      lifeMs: 2000,
      version: 1,
    });
    const signature = { appId: 'wx', timestamp: 1, nonceStr: 'n', signature: 's' };
    expect(parseSignature(signature)).toEqual(signature);
    expect(() => parseSignature({ ...signature, timestamp: 'soon' })).toThrow(HubError);
  });
});

describe('errors', () => {
  it('carry what the problem document says', () => {
    const problem = {
      code: 'HUB_TOKEN_UNAVAILABLE',
      detail: 'no valid token',
      requestId: 'r-9',
      wechat: { errcode: 40164, errmsg: 'invalid ip' },
    };
    const error = errorOf(response(503, problem, { 'retry-after': '60' }), scrub, NOW);
    expect(error).toBeInstanceOf(HubError);
    expect(error).toMatchObject({
      name: 'HubError',
      message: 'no valid token',
      status: 503,
      code: 'HUB_TOKEN_UNAVAILABLE',
      requestId: 'r-9',
      retryAfterMs: 60_000,
      wechat: { errcode: 40164, errmsg: 'invalid ip' },
    });
  });

  it('say of an answer that is not the hub’s that it is not, and do not repeat it', () => {
    const page = errorOf(response(502, `<html>${KEY}</html>`, { 'x-request-id': 'r-2' }), scrub, NOW);
    expect(page).toMatchObject({ code: 'HUB_BAD_ANSWER', status: 502, requestId: 'r-2' });
    const redirect = errorOf(response(302, '', { location: 'https://elsewhere.invalid' }), scrub, NOW);
    expect(redirect.message).toContain('redirect');
    const odd = errorOf(response(400, { code: 'EVIL\ncode', detail: 'x' }), scrub, NOW);
    expect(odd.code).toBe('HUB_BAD_ANSWER');
  });

  it('never contain the key, wherever the other side repeats it', () => {
    const problem = {
      code: 'HUB_BAD_REQUEST',
      detail: `you sent ${KEY}`,
      requestId: KEY,
      wechat: { errcode: 1, errmsg: KEY },
    };
    const error = errorOf(response(400, problem), scrub, NOW);
    expect(inspect(error, { depth: 9, showHidden: true }) + String(error.stack)).not.toContain(KEY);
  });

  it.each([
    ['120', 120_000],
    ['0', 0],
    ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['soon', undefined],
    [undefined, undefined],
  ])('Retry-After %j is %j ms', (header, expected) => {
    expect(retryAfterMs(header, NOW)).toBe(expected);
  });
});
