import { codingOf, isLookedInto, mayBeginObject, repeatsAfter, saysTokenIsDead } from './answer.js';
import type { ReportOutcome } from '../../core/report.js';

const JSON_TYPE = ['Content-Type', 'application/json; encoding=utf-8'];

describe('which answers are held back until they are understood', () => {
  it.each<[string, number, string[], boolean]>([
    ['small JSON', 200, [...JSON_TYPE, 'Content-Length', '90'], true],
    ['JSON of unknown length', 200, JSON_TYPE, true],
    ['JSON that some endpoints call text', 200, ['content-type', 'text/plain'], true],
    ['no type', 200, [], true],
    ['application/problem+json', 200, ['Content-Type', 'application/problem+json'], true],
    ['64 KiB', 200, [...JSON_TYPE, 'Content-Length', '65536'], true],
    ['more', 200, [...JSON_TYPE, 'Content-Length', '65537'], false],
    ['media', 200, ['Content-Type', 'image/jpeg', 'Content-Length', '90'], false],
    ['a page', 200, ['Content-Type', 'text/html'], false],
    ['events', 200, ['Content-Type', 'text/event-stream'], false],
    ['another status', 500, JSON_TYPE, false],
    ['a part', 206, JSON_TYPE, false],
    ['gzip', 200, [...JSON_TYPE, 'Content-Encoding', 'gzip'], true],
    ['a coding that is not known', 200, [...JSON_TYPE, 'Content-Encoding', 'zstd'], false],
    ['two codings', 200, [...JSON_TYPE, 'Content-Encoding', 'gzip, br'], false],
  ])('%s', (_what, status, headers, held) => {
    expect(isLookedInto(status, headers)).toBe(held);
  });

  it.each<[string, boolean]>([
    ['{"a":1}', true],
    [' \r\n\t{', true],
    ['\uFEFF{', true],
    ['', true],
    ['[1]', false],
    ['\x89PNG', false],
    ['hello', false],
  ])('that begin with %j: %p', (text, may) => {
    expect(mayBeginObject(Buffer.from(text, 'utf8'))).toBe(may);
  });

  it.each([
    [undefined, 'identity'],
    ['GZIP', 'gzip'],
    ['x-gzip', 'gzip'],
    [' br ', 'br'],
    ['deflate', 'deflate'],
    ['compress', undefined],
  ])('the coding %s', (header, coding) => {
    expect(codingOf(header)).toBe(coding);
  });
});

describe('whether an answer says that the token is dead', () => {
  it.each<[string, boolean]>([
    ['{"errcode":40001,"errmsg":"invalid credential"}', true],
    ['{"errmsg":"x","errcode":40014}', true],
    ['\uFEFF {"errcode": 42001}\n', true],
    ['{"errcode":"40001"}', true],
    ['{"errcode":0,"openid":"40001"}', false],
    ['{"errcode":40013}', false],
    ['{"errcode":400010}', false],
    ['{"data":{"errcode":40001}}', false],
    ['[{"errcode":40001}]', false],
    ['{"errcode":[40001]}', false],
    ['{"errcode":40001', false],
    ['40001', false],
    ['null 40001', false],
    ['', false],
  ])('%j: %p', (body, dead) => {
    expect(saysTokenIsDead(body)).toBe(dead);
  });
});

describe('whether the call is repeated', () => {
  it.each<[ReportOutcome | undefined, boolean, boolean]>([
    ['refreshed', true, true],
    ['superseded', true, true],
    ['throttled', true, true],
    ['confirmed', false, true],
    ['throttled', false, false],
    ['superseded', false, false],
    [undefined, false, false],
    [undefined, true, true],
  ])('%s, another token: %p -> %p', (outcome, other, repeats) => {
    expect(repeatsAfter(outcome, other)).toBe(repeats);
  });
});
