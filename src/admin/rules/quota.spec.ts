import fc from 'fast-check';
import { chinaMonth, isCgiPath, isRid, ridAnswer, withoutSecrets } from './quota.js';

describe('the month in China', () => {
  it.each([
    ['2026-01-31T15:59:59.999Z', '2026-01', '2026-01-31T16:00:00.000Z'],
    ['2026-01-31T16:00:00.000Z', '2026-02', '2026-02-28T16:00:00.000Z'],
    ['2028-02-29T00:00:00.000Z', '2028-02', '2028-02-29T16:00:00.000Z'],
    ['2026-12-31T16:00:00.000Z', '2027-01', '2027-01-31T16:00:00.000Z'],
  ])('%s: %s', (at, name, end) => {
    expect(chinaMonth(Date.parse(at))).toEqual({ name, endsAt: Date.parse(end) });
  });

  it('as the calendar of the machine has it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (at) => {
        const inChina = new Date(at + 8 * 3_600_000);
        const next = Date.UTC(inChina.getUTCFullYear(), inChina.getUTCMonth() + 1) - 8 * 3_600_000;
        expect(chinaMonth(at)).toEqual({ name: inChina.toISOString().slice(0, 7), endsAt: next });
      }),
    );
  });
});

describe('what is asked about', () => {
  it.each([
    ['/cgi-bin/message/custom/send', true],
    ['/wxa/getwxacodeunlimit', true],
    ['cgi-bin/menu/get', false],
    ['/cgi-bin/menu/get/', false],
    ['/cgi-bin/menu/get?x=1', false],
    [`/${'x'.repeat(256)}`, false],
    [undefined, false],
  ])('path %s: %s', (path, good) => {
    expect(isCgiPath(path)).toBe(good);
  });

  it.each([
    ['61725984-6126f6f9-040f19c4', true],
    ['short', false],
    ['61725984-6126f6f9-040f19c4/..', false],
  ])('rid %s: %s', (rid, good) => {
    expect(isRid(rid)).toBe(good);
  });
});

describe('what is told of a refused call', () => {
  const TOKEN = `50_${'a1B2-_'.repeat(20)}`;

  it.each([
    [`access_token=${TOKEN}&type=jsapi`, 'access_token=[redacted]&type=jsapi'],
    ['access_token=short&openid=o', 'access_token=[redacted]&openid=o'],
    ['appid=wx1&secret=abc&js_code=def', 'appid=wx1&secret=[redacted]&js_code=[redacted]'],
    ['{"appsecret":"abc","appid":"wx1"}', '{"appsecret":"[redacted]","appid":"wx1"}'],
    ['{"session_key": "a\\"b"}', '{"session_key": "[redacted]"}'],
    [String.raw`{"in":"{\"access_token\":\"abc\"}"}`, String.raw`{"in":"{\"access_token\":\"[redacted]\"}"}`],
    ['{"secret":"cut off by WeC', '{"secret":"[redacted]'],
    ['{"in":"{\\"code\\":\\"cut off\\', '{"in":"{\\"code\\":\\"[redacted]'],
    ['{"errcode":45009,"errmsg":"reach max, rid: 61725984-6126f6f9-040f19c4"}', undefined],
    [`{"anything":"${TOKEN}"}`, '{"anything":"[redacted]"}'],
  ])('%s', (text, shown = text) => {
    expect(withoutSecrets(text, [])).toBe(shown);
  });

  /** Callers write what WeChat shows, and who asks for it may be one of them: no other caller may wait for it. */
  it.each(['key', '\\', '"key":"', 'key"', '"key" ', '_', 'code=', '"\\'])(
    '64 KiB of %j in an instant',
    (piece) => {
      const startedAt = performance.now();
      withoutSecrets(piece.repeat(65_536 / piece.length), ['KNOWN-SECRET']);
      // Read anew from each character they took seconds.
      expect(performance.now() - startedAt).toBeLessThan(300);
    },
  );

  it('no known secret, wherever it stands', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        const request = { request_url: `${before}KNOWN-SECRET${after}`, other: 'KNOWN-SECRET' };
        expect(JSON.stringify(ridAnswer(request, ['KNOWN-SECRET']))).not.toContain('KNOWN-SECRET');
      }),
    );
  });

  it('numbers as they are, and nothing that is not known', () => {
    expect(ridAnswer({ invoke_time: 1, cost_in_ms: 2, client_ip: '192.0.2.1', more: 'x' }, [])).toEqual({
      invoke_time: 1,
      cost_in_ms: 2,
      client_ip: '192.0.2.1',
    });
    expect(ridAnswer(undefined, [])).toEqual({});
  });
});
