import { causeOf, ERROR_CAUSES } from './error-cause.js';
import { classifyErrcode, describeFailure } from './wechat-error.js';

describe('causeOf', () => {
  it.each([
    [classifyErrcode(40164, 'invalid ip 192.0.2.7'), 'token', '40164'],
    [classifyErrcode(-1, 'system error'), 'token', '-1'],
    [classifyErrcode(40001, 'invalid credential'), 'token', '40001'],
    [classifyErrcode(40001, 'invalid credential', 'ticket'), 'ticket', 'dead_token'],
    [classifyErrcode(42001, 'access_token expired', 'ticket'), 'ticket', 'dead_token'],
    [classifyErrcode(42001, 'access_token expired'), 'token', 'unknown_errcode'],
    [classifyErrcode(99999, 'new'), 'token', 'unknown_errcode'],
    [describeFailure('timeout', ''), 'token', 'timeout'],
    [describeFailure('unreachable', 'ECONNREFUSED'), 'token', 'unreachable'],
    [describeFailure('unreachable', 'ENOTFOUND'), 'token', 'unreachable_dns'],
    [describeFailure('unreachable', 'EAI_AGAIN'), 'token', 'unreachable_dns'],
    [describeFailure('unreachable', 'DEPTH_ZERO_SELF_SIGNED_CERT'), 'token', 'unreachable_tls'],
    [describeFailure('no_access_token', ''), 'ticket', 'no_access_token'],
  ] as const)('%o for a %s: %s', (error, of, cause) => {
    expect(causeOf(error, of)).toBe(cause);
    expect(ERROR_CAUSES).toContain(cause);
  });

  it('each cause is named once', () => {
    expect(new Set(ERROR_CAUSES).size).toBe(ERROR_CAUSES.length);
  });
});
