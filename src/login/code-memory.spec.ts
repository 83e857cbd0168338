import fc from 'fast-check';
import { FakeClock, settle } from '../../test/support/fake-clock.js';
import { CodeMemory, REPEAT_WITHIN_MS, type CodeUse } from './code-memory.js';
import type { LoginOutcome } from './rules/outcome.js';

const ANNA: CodeUse = { clientId: 'shop', app: { appid: 'wx1' }, kind: 'session', code: 'code-of-anna' };

function granted(openid: string): LoginOutcome {
  const fields = { openid };
  return { kind: 'granted', fields, text: JSON.stringify(fields) };
}

describe('the memory of codes', () => {
  let clock: FakeClock;
  let memory: CodeMemory;
  beforeEach(() => {
    clock = new FakeClock();
    memory = new CodeMemory(clock);
  });

  it('a repeat gets the first call’s answer, while it is under way and 10 s after it ended', async () => {
    let end: (outcome: LoginOutcome) => void = () => undefined;
    const outcome = new Promise<LoginOutcome>((resolve) => {
      end = resolve;
    });
    expect(memory.find(ANNA)).toEqual({ kind: 'new' });
    memory.remember(ANNA, outcome);
    await clock.advance(60_000);
    expect(memory.find(ANNA)).toEqual({ kind: 'repeat', outcome });
    end(granted('o-anna'));
    await settle();
    await clock.advance(REPEAT_WITHIN_MS);
    expect(memory.find(ANNA)).toEqual({ kind: 'repeat', outcome });
    await clock.advance(1);
    expect(memory.find(ANNA)).toEqual({ kind: 'new' });
  });

  it.each<[string, Partial<CodeUse>]>([
    ['another client', { clientId: 'other' }],
    ['another kind of login', { kind: 'oauth' }],
  ])('for %s the code is spent', (_what, over) => {
    memory.remember(ANNA, Promise.resolve(granted('o-anna')));
    expect(memory.find({ ...ANNA, ...over })).toEqual({ kind: 'spent' });
  });

  it.each<[string, Partial<CodeUse>]>([
    ['another app', { app: { appid: 'wx2' } }],
    ['another code', { code: 'code-of-bert' }],
  ])('of %s nothing is known', (_what, over) => {
    memory.remember(ANNA, Promise.resolve(granted('o-anna')));
    expect(memory.find({ ...ANNA, ...over })).toEqual({ kind: 'new' });
  });

  it('answers leave the memory by themselves', async () => {
    for (let nth = 0; nth < 100; nth += 1) {
      memory.remember({ ...ANNA, code: `code-${nth}` }, Promise.resolve(granted('o')));
      await clock.advance(10);
    }
    expect(memory.size).toBe(100);
    await clock.advance(REPEAT_WITHIN_MS);
    expect(memory.size).toBe(0);
    expect(clock.nextDueIn()).toBeUndefined();
  });

  it('is bounded: one app’s codes leave room for the others', async () => {
    const big = granted('x'.repeat(60_000));
    let nth = 0;
    while (memory.find({ ...ANNA, code: `code-${nth}` }).kind === 'new') {
      memory.remember({ ...ANNA, code: `code-${nth}` }, Promise.resolve(big));
      await settle();
      nth += 1;
    }
    expect(nth).toBeLessThan(1000);
    expect(memory.find({ ...ANNA, code: `code-${nth}` })).toEqual({ kind: 'full' });
    expect(memory.find({ ...ANNA, code: 'code-0' }).kind).toBe('repeat');
    expect(memory.find({ ...ANNA, app: { appid: 'wx2' } })).toEqual({ kind: 'new' });
    await clock.advance(REPEAT_WITHIN_MS + 1);
    expect(memory.find(ANNA)).toEqual({ kind: 'new' });
  });

  it('no code is readable in it', () => {
    memory.remember(ANNA, Promise.resolve(granted('o-anna')));
    expect(JSON.stringify(memory)).not.toContain(ANNA.code);
  });

  /** Whoever comes when: the model is "who was first, and until when". */
  it('under any order of asks and ends a code is sent once, and its answer reaches its client alone', async () => {
    const use = fc.record({
      clientId: fc.constantFrom('shop', 'other'),
      app: fc.constantFrom({ appid: 'wx1' }, { appid: 'wx2' }),
      kind: fc.constantFrom('session' as const, 'oauth' as const),
      code: fc.constantFrom('one', 'two'),
    });
    const step = fc.record({ use, passMs: fc.constantFrom(0, 1, 4999, 5000, REPEAT_WITHIN_MS) });
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(step, { maxLength: 30 }), async (scheduler, steps) => {
        const at = new FakeClock();
        const codes = new CodeMemory(at);
        const sent: { readonly use: CodeUse; endedAt: number }[] = [];
        for (const { use: ask, passMs } of steps) {
          await at.advance(passMs);
          if (scheduler.count() > 0 && passMs > 0) {
            await scheduler.waitNext(1);
            await settle();
          }
          const known = sent.filter(({ use: { app, code } }) => app === ask.app && code === ask.code);
          const recent = known.find(({ endedAt }) => at.now() - endedAt <= REPEAT_WITHIN_MS);
          const found = codes.find(ask);
          if (recent === undefined) {
            expect(found.kind).toBe('new');
            const call = { use: ask, endedAt: Infinity };
            sent.push(call);
            const answer = granted(`${ask.clientId} ${ask.app.appid} ${ask.kind} ${ask.code}`);
            codes.remember(
              ask,
              scheduler.schedule(Promise.resolve(answer)).then((outcome) => {
                call.endedAt = at.now();
                return outcome;
              }),
            );
          } else {
            const own = recent.use.clientId === ask.clientId && recent.use.kind === ask.kind;
            expect(found.kind).toBe(own ? 'repeat' : 'spent');
          }
        }
        await scheduler.waitIdle();
        await at.advance(REPEAT_WITHIN_MS + 1);
        await settle();
        expect(codes.size).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});
