import type { ReportOutcome } from '../../core/report.js';
import { courseOf, mayBeginObject, repeatsAfter, saysTokenIsDead, type Course } from './answer.js';

const bytes = (text: string) => Buffer.from(text, 'utf8');

describe('which answers are held back until they are understood', () => {
  it.each<[string, number, string[], string, Course]>([
    [
      'small JSON',
      200,
      ['Content-Type', 'application/json; encoding=utf-8', 'Content-Length', '90'],
      '{',
      'plain',
    ],
    ['JSON of unknown length', 200, ['Content-Type', 'application/json'], '{', 'plain'],
    ['JSON that calls itself a page', 200, ['Content-Type', 'text/html'], '{', 'plain'],
    ['JSON that calls itself a picture', 200, ['Content-Type', 'image/jpeg'], '{', 'plain'],
    ['JSON of no type', 200, [], '{', 'plain'],
    ['JSON of an empty type', 200, ['Content-Type', ''], '{', 'plain'],
    ['JSON of another status', 500, [], '{', 'plain'],
    ['64 KiB', 200, ['Content-Length', '65536'], '{', 'plain'],
    ['more', 200, ['Content-Length', '65537'], '{', 'streams'],
    ['a picture', 200, ['Content-Type', 'application/json'], '\x89PNG', 'streams'],
    ['a page', 200, [], '<html>', 'streams'],
    ['a part', 206, [], '{', 'streams'],
  ])('%s', (_what, status, headers, start, course) => {
    expect(courseOf(status, headers, bytes(start), false)).toBe(course);
  });

  it('what is packed is unpacked first, of any size', () => {
    expect(courseOf(200, ['Content-Length', '1000000'], bytes('x'), true)).toBe('packed');
  });

  it.each<[string, boolean]>([
    ['{"a":1}', true],
    [' \r\n\t{', true],
    ['\uFEFF{', true],
    ['\0{', true],
    ['', true],
    ['[1]', false],
    ['\x89PNG', false],
    ['\0\0\0\x18ftyp', false],
    ['hello', false],
  ])('that begin with %j: %p', (text, may) => {
    expect(mayBeginObject(bytes(text))).toBe(may);
  });

  it('in UTF-16, marked, of either order', () => {
    expect(mayBeginObject(Buffer.from([0xff, 0xfe, 0x7b, 0]))).toBe(true);
    expect(mayBeginObject(Buffer.from([0xfe, 0xff, 0, 0x7b]))).toBe(true);
    expect(mayBeginObject(Buffer.from([0xff, 0xd8, 0xff, 0xe0]))).toBe(false);
  });
});

describe('whether an answer says that the token is dead', () => {
  it.each<[string, boolean]>([
    ['{"errcode":40001,"errmsg":"invalid credential"}', true],
    ['{"errmsg":"x","errcode":40014}', true],
    ['\uFEFF {"errcode": 42001}\n', true],
    ['{"errcode":"40001"}', true],
    ['{"errmsg":"凭证无效","errcode":40001}', true],
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
    expect(saysTokenIsDead(bytes(body).toString('latin1'))).toBe(dead);
  });

  it('in UTF-16 as well', () => {
    const text = '{"errcode":40001,"errmsg":"x"}';
    expect(saysTokenIsDead(Buffer.from(`\uFEFF${text}`, 'utf16le').toString('latin1'))).toBe(true);
    expect(saysTokenIsDead(Buffer.from(`\uFEFF${text}`, 'utf16le').swap16().toString('latin1'))).toBe(true);
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
