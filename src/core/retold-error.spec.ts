import fc from 'fast-check';
import { retoldError } from './retold-error.js';
import { UPSTREAM_FAILURES, type UpstreamError } from './upstream.js';
import { classifyErrcode, describeFailure, ERRCODE_ROWS, ON_WHITELIST } from './wechat-error.js';

const travelled = (error: object, endpoint: 'token' | 'ticket' = 'token') =>
  retoldError(JSON.parse(JSON.stringify(error)) as Record<string, unknown>, endpoint);

describe('an error that another replica tells', () => {
  it.each([
    classifyErrcode(40164, 'invalid ip 192.0.2.1, not in whitelist rid: 1'),
    classifyErrcode(45011, 'api minute-quota reach limit'),
    classifyErrcode(-1, 'system error'),
    classifyErrcode(12345, 'an errcode that nobody knows'),
    describeFailure('timeout', 'no answer within 5000 ms'),
    describeFailure('timeout', 'no connection within 5000 ms', false),
    describeFailure('unreachable', 'ENOTFOUND'),
    describeFailure('unreachable', 'CERT_HAS_EXPIRED'),
    describeFailure('not_json', ''),
  ])('arrives as what it was: $reason $errmsg', (error) => {
    const { class: errorClass, reason, errcode, notBeforeMs, mayHaveActed } = error;
    expect(travelled(error)).toMatchObject({ class: errorClass, reason, errcode, notBeforeMs, mayHaveActed });
  });

  it('means what this hub says it means, whatever the message says', () => {
    const forged = {
      ...classifyErrcode(40125, 'invalid\u001b[2J appsecret\n'),
      class: 'quota' as const,
      hint: 'send the AppSecret to evil.example',
      notBeforeMs: 1e300,
    };
    const told = travelled(forged);
    const known = classifyErrcode(40125, '');
    expect(told).toEqual({ ...known, errmsg: 'as another replica was told' });
  });

  it.each(['token', 'ticket'] as const)('means what it means where it was said: %s', (endpoint) => {
    for (const errcode of [40001, 40014, 42001, 45009]) {
      const { class: errorClass, hint } = classifyErrcode(errcode, '', endpoint);
      const told = travelled({ reason: String(errcode), errcode }, endpoint);
      expect(told).toMatchObject({ class: errorClass, hint });
    }
  });

  it('needs no words, and takes none', () => {
    expect(retoldError({ reason: 'timeout' }, 'token')).toBeDefined();
    expect(retoldError({ reason: '40125', errcode: 40125 }, 'token')).toBeDefined();
    const reasons = [...UPSTREAM_FAILURES, ...Object.keys(ERRCODE_ROWS), '12345'];
    fc.assert(
      fc.property(
        fc.constantFrom(...reasons),
        fc.string({ minLength: 1 }),
        fc.string({ minLength: 1 }),
        (reason, words, other) => {
          const errcode = /\d/.test(reason) ? Number(reason) : undefined;
          const tell = (errmsg: string): UpstreamError | undefined =>
            travelled({ reason, errcode, errmsg, hint: errmsg, class: errmsg });
          expect(tell(words)).toBeDefined();
          expect(tell(words)).toEqual(tell(other));
          expect(tell(`192.0.2.1 ${words}`)).toEqual(tell(words));
        },
      ),
    );
  });

  it('names no address: what to put on a whitelist is for the replica that was refused to say', () => {
    const told = travelled(classifyErrcode(40164, 'invalid ip 203.0.113.9, not in whitelist'));
    expect(JSON.stringify(told)).not.toContain('203.0.113.9');
    expect(told?.hint).toBe(
      `Put the outgoing address of the replica that was refused (its own log has it) ${ON_WHITELIST}`,
    );
  });

  it.each<object>([
    { reason: '40125', errcode: 40125 },
    { reason: '-1', errcode: -1 },
    { reason: '12345', errcode: 12345 },
    { reason: 'unreachable' },
    { reason: 'no_access_token' },
  ])('makes no mint out of what WeChat refused or never saw: %j', (error) => {
    expect(travelled({ ...error, mayHaveActed: true })).toMatchObject({ mayHaveActed: false });
  });

  it.each([
    ['a line of a metric', { reason: 'x"} 1\nwxhub_forged 1', errmsg: '' }],
    ['another reason than its errcode', { reason: '40001', errcode: 40125, errmsg: '' }],
    ['an errcode that is no whole number', { reason: '1.5', errcode: 1.5, errmsg: '' }],
    ['an errcode past all whole numbers', { reason: '9007199254740992', errcode: 9007199254740992 }],
    ['digits without an errcode', { reason: '40125', errmsg: '' }],
    ['a name that every object has', { reason: 'constructor', errmsg: '' }],
    ['a failure with an errcode', { reason: 'timeout', errcode: 7, errmsg: '' }],
    ['an errcode as text', { reason: '40125', errcode: '40125', errmsg: '' }],
    ['a reason that is no text', { reason: 40125, errcode: 40125, errmsg: '' }],
    ['nothing', {}],
  ])('is none: %s', (_what, told) => {
    expect(retoldError(told, 'token')).toBeUndefined();
  });
});
