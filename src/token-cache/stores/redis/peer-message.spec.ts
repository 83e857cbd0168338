import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { APPID_PATTERN } from '../../../core/app.js';
import { classifyErrcode, describeFailure } from '../../../core/wechat-error.js';
import { readMessage, writeMessage, type Message, type ReadMessage } from './peer-message.js';
import { Sealer } from './seal.js';

const CREDENTIALS = '0123456789abcdef';
const error = classifyErrcode(40125, 'invalid appsecret. Reset it at https://evil.example/');
const FAILED: Message = {
  kind: 'failed',
  appid: 'wx1',
  slot: 'jsapi',
  failure: { error, fence: 7, credentialsId: CREDENTIALS },
  retryInMs: 60_000,
};
const MESSAGES: readonly Message[] = [
  { kind: 'changed', appid: 'wx1', slot: 'token' },
  { kind: 'removed', appids: ['wx1', 'wx2'] },
  { kind: 'reload' },
  { kind: 'platform', appid: 'wxplatform1' },
  FAILED,
];
const told = (message: object) => readMessage('me', JSON.stringify({ origin: 'other', ...message }));

describe('a message of another replica', () => {
  it.each(MESSAGES.filter(({ kind }) => kind !== 'failed'))('arrives as it was sent: $kind', (message) => {
    expect(readMessage('me', writeMessage('other', message))).toEqual(message);
  });

  it('of a failure arrives with what it was, and in words of this hub', () => {
    const arrived = readMessage('me', writeMessage('other', FAILED));
    const known = classifyErrcode(40125, 'as another replica was told');
    expect(arrived).toEqual({ ...FAILED, failure: { ...FAILED.failure, error: known } });
    expect(JSON.stringify(arrived)).not.toContain('evil');
  });

  it('of a ticket’s failure does not accuse the AppSecret where the token was refused', () => {
    const hintOf = (slot: string) => {
      const arrived = told({ ...FAILED, slot, failure: { error: classifyErrcode(40001, '') } });
      return arrived?.kind === 'failed' ? arrived.failure.error.hint : undefined;
    };
    expect(hintOf('token')).toMatch(/AppSecret is wrong/);
    for (const slot of ['jsapi', 'wx_card']) expect(hintOf(slot)).toMatch(/token is dead at WeChat/);
  });

  it('of a failure without a lease, or with credentials that nobody names, arrives', () => {
    const failure = { error: describeFailure('timeout', ''), fence: undefined, credentialsId: undefined };
    expect(readMessage('me', writeMessage('other', { ...FAILED, failure }))).toMatchObject({
      failure: {
        fence: undefined,
        credentialsId: undefined,
        error: { reason: 'timeout', mayHaveActed: true },
      },
    });
  });

  it.each(MESSAGES)('does not come back to who sent it: $kind', (message) => {
    expect(readMessage('me', writeMessage('me', message))).toBeUndefined();
  });

  it.each<[string, object]>([
    ['another kind', { kind: 'later' }],
    ['no kind', {}],
    ['a change without an app', { kind: 'changed', slot: 'token' }],
    ['a change of an app that is none', { kind: 'changed', appid: '../x', slot: 'token' }],
    ['a change of no slot', { kind: 'changed', appid: 'wx1' }],
    ['a change of a slot that is none', { kind: 'changed', appid: 'wx1', slot: 'stable_token' }],
    ['a failure without a slot', { ...FAILED, slot: undefined }],
    ['a failure without an error', { ...FAILED, failure: {} }],
    ['a failure that is none', { ...FAILED, failure: 'x' }],
    ['a failure with an error that is none', { ...FAILED, failure: { error: { reason: 'x"} 1' } } }],
    ['a failure without a pause', { ...FAILED, retryInMs: undefined }],
    ['a failure with a pause below nothing', { ...FAILED, retryInMs: -1 }],
    ['a failure with a pause that is no number', { ...FAILED, retryInMs: '60000' }],
  ])('is none: %s', (_what, message) => {
    expect(told(message)).toBeUndefined();
  });

  it.each([
    '',
    'x',
    '7',
    'null',
    '[]',
    '"x"',
    '{',
    '{"kind":"failed","appid":"wx1","slot":"token","retryInMs":1e999}',
  ])('is none: %j', (text) => {
    expect(readMessage('me', text)).toBeUndefined();
  });

  it('of removed apps names only what can be apps', () => {
    expect(told({ kind: 'removed', appids: ['wx1', '../x', 7, null, 'x'.repeat(65)] })).toEqual({
      kind: 'removed',
      appids: ['wx1'],
    });
    expect(told({ kind: 'removed', appids: 'wx1' })).toEqual({ kind: 'removed', appids: [] });
  });

  it.each([
    ['below nothing', -1],
    ['as text', '7'],
    ['past all numbers', '1e999'],
  ])('says nothing of a fence %s', (_what, fence) => {
    const text = JSON.stringify({ origin: 'x', ...FAILED, failure: { error, fence } }).replace(
      '"1e999"',
      '1e999',
    );
    expect(readMessage('me', text)).toMatchObject({ failure: { fence: undefined } });
  });
});

/** Texts that nobody but this hub can have made. */
const OWN_WORDS = /^(as another replica was told|as another replica tells|.*: as another replica tells)$/;

function isBelievable(message: ReadMessage): boolean {
  switch (message.kind) {
    case 'reload':
      return true;
    case 'platform':
      return APPID_PATTERN.test(message.appid);
    case 'removed':
      return message.appids.every((appid) => APPID_PATTERN.test(appid));
    case 'here': {
      const { instance, upMs, view } = message;
      const counts = view === undefined ? [] : [view.valid, view.failing, view.unavailable];
      return (
        /^[\w.+-]{1,253}$/.test(instance) &&
        [upMs, ...counts].every((count) => count >= 0 && Number.isFinite(count)) &&
        (view?.troubled ?? []).every((appid) => APPID_PATTERN.test(appid))
      );
    }
    case 'changed':
      return APPID_PATTERN.test(message.appid);
    case 'failed': {
      const { fence, error: retold } = message.failure;
      return (
        APPID_PATTERN.test(message.appid) &&
        message.retryInMs >= 0 &&
        Number.isFinite(message.retryInMs) &&
        (fence === undefined || (Number.isFinite(fence) && fence >= 0)) &&
        OWN_WORDS.test(retold.errmsg)
      );
    }
  }
}

describe('a replica that says that it is there', () => {
  const HERE = { kind: 'here', instance: 'hub-7f9c-abcde', version: '0.1.0', upMs: 60_000 } as const;

  it.each([undefined, { ok: false, agoMs: 5000 }])('arrives with its last reload: %j', (reload) => {
    expect(readMessage('me', writeMessage('other', { ...HERE, reload }))).toEqual({
      ...HERE,
      id: 'other',
      reload,
    });
  });

  it('tells what it sees of its apps, without what is no appid and no more than fits', () => {
    const troubled = Array.from({ length: 30 }, (_, index) => `wx${index}`);
    const view = { valid: 3, failing: 30, unavailable: 0, troubled: ['<b>', '../x', 7, ...troubled] };
    expect(told({ ...HERE, view })).toMatchObject({ view: { ...view, troubled: troubled.slice(0, 20) } });
  });

  it.each([
    null,
    'all is well',
    {},
    { valid: -1, failing: 0, unavailable: 0, troubled: [] },
    { valid: 1, failing: 'x', unavailable: 0, troubled: [] },
    { valid: 1, failing: 0, unavailable: 0, troubled: 'wx1' },
  ])('says nothing of its apps with %j', (view) => {
    expect(told({ ...HERE, view })).toEqual({ ...HERE, id: 'other', reload: undefined, view: undefined });
  });

  it.each([
    { instance: '<script>' },
    { instance: 'x'.repeat(254) },
    { version: 7 },
    { upMs: -1 },
    { upMs: null },
  ])('is not believed with %j', (odd) => {
    expect(told({ ...HERE, ...odd })).toBeUndefined();
  });
});

describe('whatever somebody sends', () => {
  const leaf = fc.oneof(
    fc.constantFrom<unknown>(
      'wx1',
      '../x',
      'token',
      'jsapi',
      'failed',
      'changed',
      '40125',
      'timeout',
      null,
      true,
      40125,
    ),
    fc.double(),
    fc.string({ unit: 'binary' }),
    fc.constant({}),
    fc.constant([]),
  );
  const path = fc.constantFrom(
    ['origin'],
    ['kind'],
    ['appid'],
    ['slot'],
    ['appids'],
    ['retryInMs'],
    ['failure'],
    ['view'],
    ['view', 'valid'],
    ['view', 'troubled'],
    ['failure', 'fence'],
    ['failure', 'credentialsId'],
    ['failure', 'error'],
    ['failure', 'error', 'reason'],
    ['failure', 'error', 'errcode'],
    ['failure', 'error', 'errmsg'],
    ['failure', 'error', 'hint'],
    ['failure', 'error', 'class'],
    ['failure', 'error', 'notBeforeMs'],
    ['failure', 'error', 'mayHaveActed'],
  );

  function put(
    target: Record<string, unknown>,
    [first = '', ...rest]: readonly string[],
    value: unknown,
  ): void {
    const inner = target[first];
    if (rest.length === 0) target[first] = value;
    else if (typeof inner === 'object' && inner !== null) put(inner as Record<string, unknown>, rest, value);
  }

  it('nothing is thrown, nothing believed that is out of bounds, and no word of theirs is taken', () => {
    let believed = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...MESSAGES),
        fc.array(fc.tuple(path, leaf), { minLength: 1, maxLength: 3 }),
        fc.option(fc.tuple(fc.nat(300), fc.string({ maxLength: 2, unit: 'binary' })), {
          nil: undefined,
          freq: 3,
        }),
        (message, changes, cut) => {
          const forged = JSON.parse(writeMessage('other', message)) as Record<string, unknown>;
          for (const [where, value] of changes) put(forged, where, structuredClone(value));
          let text = JSON.stringify(forged);
          if (cut !== undefined) text = text.slice(0, cut[0]) + cut[1] + text.slice(cut[0] + 1);
          const arrived = readMessage('me', text);
          if (arrived === undefined) return;
          believed += 1;
          if (!isBelievable(arrived)) throw new Error(`believed ${JSON.stringify(arrived)}`);
        },
      ),
      { numRuns: 100_000 },
    );
    expect(believed).toBeGreaterThan(0);
  });

  it('where keys are set, nothing of it is believed', () => {
    const sealer = new Sealer([{ id: '2026', bytes: randomBytes(32) }]);
    const signed = sealer.sign(writeMessage('other', FAILED));
    fc.assert(
      fc.property(
        fc.nat(signed.length - 1),
        fc.constantFrom('alter', 'drop', 'add'),
        fc.string({ minLength: 1, maxLength: 2, unit: 'binary' }),
        (at, act, char) => {
          const after = signed.slice(at + (act === 'add' ? 0 : 1));
          const forged = signed.slice(0, at) + (act === 'drop' ? '' : char) + after;
          if (forged !== signed) expect(sealer.verify(forged)).toBeUndefined();
        },
      ),
      { numRuns: 5000 },
    );
    for (const message of MESSAGES) expect(sealer.verify(writeMessage('other', message))).toBeUndefined();
  });
});
