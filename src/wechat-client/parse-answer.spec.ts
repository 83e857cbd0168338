import fc from 'fast-check';

import type { UpstreamFailure } from '../core/upstream.js';
import { parseProbeAnswer, parseTicketAnswer, parseTokenAnswer } from './parse-answer.js';

const SENT_AT = 1_750_000_000_000;
const parse = (body: string, status = 200) => parseTokenAnswer(status, body, SENT_AT);
const withExpiry = (expires: string) => `{"access_token":"66_abc","expires_in":${expires}}`;

describe('parseTokenAnswer', () => {
  it.each<[string, string, string, number]>([
    ['as documented', '{"access_token":"66_a-B","expires_in":7200}', '66_a-B', 7_200_000],
    ['errcode 0', '{"errcode":0,"errmsg":"ok","access_token":"t","expires_in":300}', 't', 300_000],
    ['errcode "0"', '{"errcode":"0","access_token":"t","expires_in":300}', 't', 300_000],
    ['errcode null', '{"errcode":null,"access_token":"t","expires_in":300}', 't', 300_000],
    ['expires_in a string', withExpiry('"7200"'), '66_abc', 7_200_000],
    ['expires_in with a fraction of zero', withExpiry('7200.0'), '66_abc', 7_200_000],
    ['the shortest life', withExpiry('1'), '66_abc', 1000],
    ['the longest life, 30 days', withExpiry('2592000'), '66_abc', 2_592_000_000],
    ['a BOM before it', `\uFEFF${withExpiry('7200')}`, '66_abc', 7_200_000],
    ['blanks around it', `\r\n ${withExpiry('7200')}\n`, '66_abc', 7_200_000],
    ['a field twice: the last', '{"access_token":"a","expires_in":1,"access_token":"b"}', 'b', 1000],
    ['fields that nobody knows', '{"x":[{}],"access_token":"t","expires_in":9}', 't', 9000],
    ['512 characters', `{"access_token":"${'t'.repeat(512)}","expires_in":9}`, 't'.repeat(512), 9000],
    ['4096 characters', `{"access_token":"${'t'.repeat(4096)}","expires_in":9}`, 't'.repeat(4096), 9000],
  ])('grants: %s', (_what, body, token, lifeMs) => {
    const result = parse(body);
    expect(result).toMatchObject({ ok: true, grant: { lifeMs, sentAt: SENT_AT } });
    expect(result.ok && result.grant.value.reveal()).toBe(token);
  });

  it.each<[string, string, UpstreamFailure]>([
    ['nothing', '', 'not_json'],
    ['blanks', ' \r\n\t', 'not_json'],
    ['a BOM alone', '\uFEFF', 'not_json'],
    ['HTML', '<html><body>login</body></html>', 'not_json'],
    ['half an answer', '{"access_token":"66_abc","expires_', 'not_json'],
    ['two answers', '{"access_token":"t","expires_in":9}{}', 'not_json'],
    ['JSONP', 'cb({"access_token":"t","expires_in":9})', 'not_json'],
    ['NaN', '{"access_token":"t","expires_in":NaN}', 'not_json'],
    ['null', 'null', 'no_token'],
    ['an array', '[{"access_token":"t","expires_in":9}]', 'no_token'],
    ['a number', '7200', 'no_token'],
    ['a string', '"token"', 'no_token'],
    ['an empty object', '{}', 'no_token'],
    ['no token', '{"expires_in":7200}', 'no_token'],
    ['an empty token', '{"access_token":"","expires_in":7200}', 'no_token'],
    ['a blank token', '{"access_token":" ","expires_in":7200}', 'no_token'],
    ['white space in the token', '{"access_token":"a b","expires_in":7200}', 'no_token'],
    ['a line end after the token', '{"access_token":"ab\\n","expires_in":7200}', 'no_token'],
    ['a control character in the token', '{"access_token":"a\\u0000b","expires_in":7200}', 'no_token'],
    ['a token of no URL characters', '{"access_token":"\\ud800","expires_in":7200}', 'no_token'],
    ['4097 characters', `{"access_token":"${'t'.repeat(4097)}","expires_in":7200}`, 'no_token'],
    ['a token that is a number', '{"access_token":5,"expires_in":7200}', 'no_token'],
    ['a token that is null', '{"access_token":null,"expires_in":7200}', 'no_token'],
    ['an errcode that is a word', '{"errcode":"ok","access_token":"t","expires_in":9}', 'no_token'],
    ['an errcode that is true', '{"errcode":true,"access_token":"t","expires_in":9}', 'no_token'],
    ['no expires_in', '{"access_token":"t"}', 'bad_expires_in'],
    ['a token named otherwise', '{"accessToken":"t","expires_in":9}', 'no_token'],
    ['expires_in 0', withExpiry('0'), 'bad_expires_in'],
    ['expires_in -1', withExpiry('-1'), 'bad_expires_in'],
    ['expires_in "-1"', withExpiry('"-1"'), 'bad_expires_in'],
    ['expires_in 0.5', withExpiry('0.5'), 'bad_expires_in'],
    ['expires_in 7200.5', withExpiry('7200.5'), 'bad_expires_in'],
    ['expires_in one second past 30 days', withExpiry('2592001'), 'bad_expires_in'],
    ['expires_in 1e400', withExpiry('1e400'), 'bad_expires_in'],
    ['expires_in ""', withExpiry('""'), 'bad_expires_in'],
    ['expires_in "7200s"', withExpiry('"7200s"'), 'bad_expires_in'],
    ['expires_in "0x10"', withExpiry('"0x10"'), 'bad_expires_in'],
    ['expires_in null', withExpiry('null'), 'bad_expires_in'],
    ['expires_in true', withExpiry('true'), 'bad_expires_in'],
    ['expires_in an array', withExpiry('[7200]'), 'bad_expires_in'],
  ])('grants nothing: %s', (_what, body, reason) => {
    expect(parse(body)).toMatchObject({
      ok: false,
      error: { class: 'transient', reason, errcode: undefined, mayHaveActed: true },
    });
  });

  it.each([0, 199, 201, 204, 302, 400, 403, 500, 502])(
    'grants nothing with HTTP %i, whatever the body',
    (status) => {
      for (const body of ['', withExpiry('7200'), '{"errcode":40164,"errmsg":"invalid ip 1.2.3.4"}']) {
        expect(parse(body, status)).toMatchObject({
          ok: false,
          error: { reason: 'http_status', errcode: undefined, mayHaveActed: true },
        });
      }
    },
  );

  it.each([
    ['{"errcode":40164,"errmsg":"invalid ip 1.2.3.4"}', 40164, 'invalid ip 1.2.3.4'],
    ['{"errcode":"40164","errmsg":"x"}', 40164, 'x'],
    ['{"errcode":-1,"errmsg":"system error"}', -1, 'system error'],
    ['{"errcode":40013}', 40013, ''],
    ['{"errcode":40013,"errmsg":{"a":1}}', 40013, ''],
    ['{"errcode":40001,"errmsg":"no","access_token":"t","expires_in":7200}', 40001, 'no'],
  ])('lets the errcode win: %s', (body, errcode, errmsg) => {
    expect(parse(body)).toMatchObject({
      ok: false,
      error: { reason: String(errcode), errcode, errmsg, mayHaveActed: false },
    });
  });

  it('lets no secret into errmsg, neither one sent nor one that the answer brings', () => {
    const body = '{"errcode":40001,"errmsg":"s3cr3t/x s3cr3t%2Fx 66_tok is bad","access_token":"66_tok"}';
    const result = parseTokenAnswer(200, body, SENT_AT, ['s3cr3t/x']);
    expect(result).toMatchObject({ error: { errmsg: '[redacted] [redacted] [redacted] is bad' } });
  });

  it('never throws, and grants only tokens that are some and lives that last', () => {
    const field = fc.oneof(fc.jsonValue(), fc.integer(), fc.string());
    const answer = fc
      .record(
        { access_token: field, expires_in: fc.oneof(field, fc.double()), errcode: field, errmsg: field },
        { requiredKeys: [] },
      )
      .map((value) => JSON.stringify(value));
    const body = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), answer);
    fc.assert(
      fc.property(fc.oneof(fc.constant(200), fc.integer()), body, (status, text) => {
        const result = parse(text, status);
        if (result.ok) {
          expect(status).toBe(200);
          expect(result.grant.value.reveal()).toMatch(/^[^\s\p{Cc}]{1,4096}$/u);
          expect(Number.isSafeInteger(result.grant.lifeMs) && result.grant.lifeMs >= 1000).toBe(true);
          expect(result.grant.lifeMs).toBeLessThanOrEqual(2_592_000_000);
        } else {
          expect(result.error.errmsg.length).toBeLessThanOrEqual(300);
          expect(result.error.hint).not.toBe('');
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('never lets a secret into an error, wherever the answer repeats it', () => {
    const secret = fc.stringMatching(/^[\x21-\x7e]{16,40}$/);
    const wrap = fc.constantFrom<(s: string) => string>(
      (s) => s,
      (s) => `<p>${s}</p>`,
      (s) => JSON.stringify({ errcode: 40001, errmsg: `bad ${s}` }),
      (s) => JSON.stringify({ errcode: 40001, errmsg: `${'x'.repeat(280)}${s}` }),
      (s) => JSON.stringify({ errcode: s, errmsg: s }),
      (s) => JSON.stringify({ access_token: s, expires_in: s }),
      (s) => JSON.stringify({ access_token: ` ${s}`, expires_in: 7200 }),
      (s) => JSON.stringify(s),
    );
    fc.assert(
      fc.property(secret, wrap, fc.constantFrom(200, 500), (value, say, status) => {
        const result = parseTokenAnswer(status, say(value), SENT_AT, [value]);
        expect(JSON.stringify(result).includes(JSON.stringify(value).slice(1, -1))).toBe(false);
      }),
    );
  });
});

describe('parseTicketAnswer', () => {
  it('grants the ticket', () => {
    const body = '{"errcode":0,"errmsg":"ok","ticket":"kgt8ON7yVITDhtdwci0qef","expires_in":7200}';
    const result = parseTicketAnswer(200, body, SENT_AT);
    expect(result).toMatchObject({ ok: true, grant: { lifeMs: 7_200_000, sentAt: SENT_AT } });
    expect(result.ok && result.grant.value.reveal()).toBe('kgt8ON7yVITDhtdwci0qef');
    expect(parseTicketAnswer(200, '{"ticket":"t","expires_in":7200}', SENT_AT).ok).toBe(true);
  });

  it.each([
    ['{"access_token":"t","expires_in":7200}', { reason: 'no_token', errcode: undefined }],
    ['{"errcode":40001,"errmsg":"dead"}', { class: 'transient', errcode: 40001 }],
    ['{"errcode":42001,"errmsg":"dead"}', { class: 'transient', errcode: 42001 }],
    ['{"errcode":40164,"errmsg":"invalid ip 1.2.3.4"}', { class: 'configuration', errcode: 40164 }],
    ['{"errcode":45009,"errmsg":"quota"}', { class: 'quota', errcode: 45009 }],
  ])('grants nothing: %s', (body, error) => {
    expect(parseTicketAnswer(200, body, SENT_AT)).toMatchObject({ ok: false, error });
  });
});

describe('parseProbeAnswer', () => {
  it.each([
    ['{"ip_list":["101.226.103.0/25"]}', 'alive'],
    ['{"ip_list":[]}', 'alive'],
    ['{"errcode":40001,"errmsg":"invalid credential"}', 'dead'],
    ['{"errcode":40014,"errmsg":"invalid access_token"}', 'dead'],
    ['{"errcode":"42001","errmsg":"access_token expired"}', 'dead'],
  ])('%s: %s', (body, verdict) => {
    expect(parseProbeAnswer(200, body)).toBe(verdict);
  });

  it.each<[number, string, string]>([
    [200, '{"errcode":-1,"errmsg":"busy"}', '-1'],
    [200, '{"errcode":40164,"errmsg":"invalid ip 1.2.3.4"}', '40164'],
    [200, '{}', 'no_token'],
    [200, '<html>', 'not_json'],
    [500, '{"errcode":40001,"errmsg":"x"}', 'http_status'],
  ])('%i %s says nothing of the token', (status, body, reason) => {
    expect(parseProbeAnswer(status, body)).toMatchObject({ reason });
  });
});
