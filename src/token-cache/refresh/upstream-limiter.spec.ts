import fc from 'fast-check';
import { UpstreamLimiter, WIDTHS, type CallKind, type Permit } from './upstream-limiter.js';

async function entered(permit: Permit): Promise<boolean> {
  return Promise.race([permit.entered.then(() => true), new Promise<false>((no) => setImmediate(no, false))]);
}

const areIn = (permits: readonly Permit[]) => Promise.all(permits.map(entered));

describe('one kind of call', () => {
  const limiterOf = (width: number) => new UpstreamLimiter({ start: width, startReserved: 1, steady: width });

  it('is admitted until its places are taken, then in the order of arrival', async () => {
    const limiter = limiterOf(2);
    const [a, b, c, d] = [
      limiter.enter('first'),
      limiter.enter('first'),
      limiter.enter('first'),
      limiter.enter('first'),
    ];
    expect(await areIn([a, b, c, d])).toEqual([true, true, false, false]);
    b.leave();
    expect(await areIn([c, d])).toEqual([true, false]);
    a.leave();
    expect(await entered(d)).toBe(true);
  });

  it('lets the promoted go first', async () => {
    const limiter = limiterOf(1);
    const [a, b, c] = [limiter.enter('renewal'), limiter.enter('renewal'), limiter.enter('renewal')];
    c.promote();
    a.leave();
    expect(await areIn([b, c])).toEqual([false, true]);
  });

  it('tells how many have a place and how many wait for one, whatever became of them', () => {
    const limiter = limiterOf(1);
    const load = () => Object.values(limiter.load);
    expect(load()).toEqual([0, 0]);
    const [a, b, c] = [limiter.enter('first'), limiter.enter('first'), limiter.enter('first')];
    expect(load()).toEqual([1, 2]);
    b.promote();
    c.leave();
    c.leave();
    expect(load()).toEqual([1, 1]);
    a.leave();
    expect(load()).toEqual([1, 0]);
    b.leave();
    expect(load()).toEqual([0, 0]);
  });

  it('forgets who left before entering', async () => {
    const limiter = limiterOf(1);
    const [a, b, c] = [limiter.enter('again'), limiter.enter('again'), limiter.enter('again')];
    b.promote();
    b.leave();
    a.leave();
    a.leave();
    expect(await entered(c)).toBe(true);
    expect(await entered(limiter.enter('again'))).toBe(false);
  });
});

describe('several kinds of calls', () => {
  const limiterOf = () => new UpstreamLimiter({ start: 3, startReserved: 1, steady: 10 });
  const some = (limiter: UpstreamLimiter, kind: CallKind, count: number) =>
    Array.from({ length: count }, () => limiter.enter(kind));

  it('first and repeated calls share the places of the start, first ones before', async () => {
    const limiter = limiterOf();
    const [a, ...others] = some(limiter, 'first', 4);
    const again = limiter.enter('again');
    expect(await areIn([...others, again])).toEqual([true, true, false, false]);
    a!.leave();
    expect(await areIn([...others, again])).toEqual([true, true, true, false]);
    others[0]!.leave();
    expect(await entered(again)).toBe(true);
  });

  it('one that somebody waits for goes before all that nobody waits for, whatever it is', async () => {
    const limiter = limiterOf();
    const [a, ...others] = some(limiter, 'first', 4);
    const again = limiter.enter('again');
    again.promote();
    a!.leave();
    expect(await areIn([...others, again])).toEqual([true, true, false, true]);
  });

  it('of five places that come free while first calls wait, one goes to a repeated call', async () => {
    const limiter = limiterOf();
    const order: CallKind[] = [];
    const inside: Permit[] = [];
    const enter = (kind: CallKind) => {
      const permit = limiter.enter(kind);
      void permit.entered.then(() => {
        order.push(kind);
        inside.push(permit);
      });
    };
    for (let nth = 0; nth < 20; nth += 1) enter('first');
    for (let nth = 0; nth < 5; nth += 1) enter('again');
    for (let turns = 0; turns < 25; turns += 1) {
      await Promise.resolve();
      inside.shift()?.leave();
    }
    expect(order).toHaveLength(25);
    for (let from = 0; from < 25; from += 5) {
      expect(order.slice(from, from + 5).filter((kind) => kind === 'again')).toHaveLength(1);
    }
  });

  it('when no first call waits, each repeated one that ends makes a quarter of a place more', async () => {
    const limiter = limiterOf();
    const firsts = some(limiter, 'first', 3);
    const agains = some(limiter, 'again', 12);
    const underWay = async () => (await areIn(agains)).filter(Boolean).length;
    expect(await underWay()).toBe(0);
    for (const first of firsts) first.leave();
    expect(await underWay()).toBe(3);
    for (const again of agains.slice(0, 4)) again.leave();
    expect(await underWay()).toBe(4 + 4);
    for (const again of agains.slice(4, 8)) again.leave();
    expect(await underWay()).toBe(12);
  });

  it('a crowd of first calls takes the room back', async () => {
    const limiter = limiterOf();
    for (const again of some(limiter, 'again', 12)) {
      await again.entered;
      again.leave();
    }
    expect(await areIn(some(limiter, 'again', 5))).toEqual([true, true, true, true, true]);
    const firsts = some(limiter, 'first', 4);
    expect(await areIn(firsts)).toEqual([true, false, false, false]);
    expect(await entered(limiter.enter('again'))).toBe(false);
  });

  it('a first call that gives up its place while it waits makes room as well', async () => {
    const limiter = limiterOf();
    const firsts = some(limiter, 'first', 4);
    const again = limiter.enter('again');
    firsts[3]!.leave();
    firsts[0]!.leave();
    expect(await entered(again)).toBe(true);
  });

  it('however many repeated calls hang, a first one has a place', async () => {
    const limiter = limiterOf();
    some(limiter, 'again', 3);
    expect(await areIn(some(limiter, 'first', 2))).toEqual([true, false]);
  });

  it('a renewal waits for no first or repeated call', async () => {
    const limiter = limiterOf();
    some(limiter, 'first', 5);
    some(limiter, 'again', 5);
    expect(await areIn(some(limiter, 'renewal', 10))).toEqual(Array.from({ length: 10 }, () => true));
    expect(await entered(limiter.enter('renewal'))).toBe(false);
  });
});

describe('a start with thousands of apps', () => {
  /** How many calls enter before the one that is asked for last; all that are in leave together, again and again. */
  async function calls(
    crowd: CallKind,
    crowdIsPromoted: boolean,
    last: CallKind,
    promoted: boolean,
  ): Promise<number> {
    const limiter = new UpstreamLimiter(WIDTHS);
    const under: Permit[] = [];
    let before = 0;
    for (let nth = 0; nth < 5000; nth += 1) {
      const permit = limiter.enter(crowd);
      if (crowdIsPromoted) permit.promote();
      void permit.entered.then(() => {
        before += 1;
        under.push(permit);
      });
    }
    const permit = limiter.enter(last);
    if (promoted) permit.promote();
    while (!(await entered(permit))) for (const one of under.splice(0)) one.leave();
    return before;
  }

  it.each([
    [
      'a repeated call that somebody waits for enters with the next place',
      'first',
      false,
      'again',
      true,
      100,
    ],
    ['a first call that somebody waits for enters with the next place', 'again', false, 'first', true, 100],
    ['a repeated call that nobody waits for enters with the fifth', 'first', false, 'again', false, 150],
    ['so it does where somebody waits for each of the first calls', 'first', true, 'again', false, 150],
    ['a first call that nobody waits for has a place kept for it', 'again', false, 'first', false, 100],
    ['so it has where somebody waits for each of the others', 'again', true, 'first', false, 100],
  ] as const)('%s', async (_what, crowd, crowdIsPromoted, last, promoted, most) => {
    expect(await calls(crowd, crowdIsPromoted, last, promoted)).toBeLessThanOrEqual(most);
  });

  it('neither kind waits for ever, while calls of the other never cease', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom<[CallKind, CallKind]>(['first', 'again'], ['again', 'first']),
        fc.integer({ min: 2, max: 8 }),
        fc.boolean(),
        fc.boolean(),
        async ([crowd, one], start, crowdIsUrgent, oneIsUrgent) => {
          const limiter = new UpstreamLimiter({ start, startReserved: 1, steady: 1000 });
          const inside: Permit[] = [];
          const enter = (kind: CallKind) => {
            const permit = limiter.enter(kind);
            if (crowdIsUrgent) permit.promote();
            void permit.entered.then(() => inside.push(permit));
          };
          for (let nth = 0; nth < 50; nth += 1) enter(crowd);
          const permit = limiter.enter(one);
          if (oneIsUrgent) permit.promote();
          let left = 0;
          while (!(await entered(permit))) {
            inside.shift()?.leave();
            enter(crowd);
            left += 1;
            expect(left).toBeLessThan(100);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});

it('no bound is ever passed and nobody is stranded, in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        start: fc.integer({ min: 2, max: 5 }),
        startReserved: fc.constant(1),
        steady: fc.integer({ min: 2, max: 8 }),
      }),
      fc.array(
        fc.record({
          act: fc.constantFrom('enter', 'enter', 'leave', 'promote'),
          kind: fc.constantFrom<CallKind>('first', 'again', 'renewal'),
          which: fc.nat(),
        }),
        { maxLength: 80 },
      ),
      async (widths, acts) => {
        const limiter = new UpstreamLimiter(widths);
        const inside = new Map<Permit, CallKind>();
        const all: Permit[] = [];
        const waiting: Promise<void>[] = [];
        const count = (kind: CallKind) => [...inside.values()].filter((one) => one === kind).length;
        for (const { act, kind, which } of acts) {
          const permit = all[which % Math.max(1, all.length)];
          if (act === 'enter') {
            const fresh = limiter.enter(kind);
            all.push(fresh);
            waiting.push(fresh.entered);
            void fresh.entered.then(() => inside.set(fresh, kind));
          } else if (act === 'promote') permit?.promote();
          else if (permit !== undefined && inside.delete(permit)) permit.leave();
          await Promise.resolve();
          expect(count('again') + count('renewal')).toBeLessThanOrEqual(widths.steady);
          expect(count('first')).toBeLessThanOrEqual(widths.start);
        }
        for (let left = all.length; left > 0; left -= 1) {
          for (const permit of [...inside.keys()]) {
            inside.delete(permit);
            permit.leave();
          }
          await Promise.resolve();
        }
        await Promise.all(waiting);
      },
    ),
    { numRuns: 300 },
  );
});

it('from a start with nothing under way, first and repeated calls never take more than the places of the start', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 6 }),
      fc.integer({ min: 1, max: 30 }),
      fc.array(fc.boolean(), { maxLength: 60 }),
      async (start, apps, failures) => {
        const limiter = new UpstreamLimiter({ start, startReserved: 1, steady: 1000 });
        const inside: Permit[] = [];
        const enter = (kind: CallKind) => {
          const permit = limiter.enter(kind);
          void permit.entered.then(() => inside.push(permit));
        };
        let firstLeft = apps;
        for (let app = 0; app < apps; app += 1) enter('first');
        for (const fails of failures) {
          await Promise.resolve();
          if (firstLeft > 0) expect(inside.length).toBeLessThanOrEqual(start);
          const ended = inside.shift();
          if (ended === undefined) break;
          firstLeft -= 1;
          ended.leave();
          if (fails) enter('again');
        }
      },
    ),
    { numRuns: 300 },
  );
});

describe('tenants on a virtual clock', () => {
  /** Longest wait of each tenant's calls, ms. `callMs`: how long each of its calls takes, which are `calls` at once, again and again. */
  async function longestWaits(
    crowds: readonly {
      tenant: string;
      calls: number;
      callMs: number;
      kinds: readonly CallKind[];
      urgent?: boolean;
    }[],
    forMs: number,
  ): Promise<ReadonlyMap<string, number>> {
    const limiter = new UpstreamLimiter(WIDTHS);
    const waits = new Map<string, number>();
    const due: { at: number; act: () => void }[] = [];
    const inside = new Map<string, number>();
    let now = 0;
    const enter = ({ tenant, callMs, urgent = false }: (typeof crowds)[number], kind: CallKind): void => {
      const askedAt = now;
      const permit = limiter.enter(kind, tenant);
      if (urgent) permit.promote();
      void permit.entered.then(() => {
        waits.set(tenant, Math.max(waits.get(tenant) ?? 0, now - askedAt));
        inside.set(tenant, (inside.get(tenant) ?? 0) + 1);
        due.push({
          at: now + callMs,
          act: () => {
            inside.set(tenant, (inside.get(tenant) ?? 0) - 1);
            permit.leave();
          },
        });
      });
    };
    for (const crowd of crowds)
      for (let nth = 0; nth < crowd.calls; nth += 1) enter(crowd, crowd.kinds[nth % crowd.kinds.length]!);
    while (now < forMs) {
      await Promise.resolve();
      await Promise.resolve();
      due.sort((a, b) => a.at - b.at);
      const next = due.shift();
      if (next === undefined) break;
      now = next.at;
      next.act();
    }
    return waits;
  }

  it.each<[string, readonly CallKind[]]>([
    ['first', ['first']],
    ['repeated', ['again']],
    ['first and repeated', ['first', 'again']],
    ['all', ['first', 'again', 'renewal']],
  ])('5,000 %s calls of one that hang delay none of 47 others by a second', async (_what, kinds) => {
    const hog = { tenant: 'hog', calls: 5000, callMs: 5000, kinds, urgent: true };
    const others = Array.from({ length: 47 }, (_none, index) => ({
      tenant: `t${index}`,
      calls: 20,
      callMs: 30,
      kinds: [(['first', 'again', 'renewal'] as const)[index % 3]!],
    }));
    const waits = await longestWaits([hog, ...others], 20_000);
    for (const { tenant } of others) expect([tenant, waits.get(tenant)! <= 1000]).toEqual([tenant, true]);
  });

  it('while up to four hang: one that has nothing under way finds a place at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom<CallKind>('first', 'again', 'renewal'), { minLength: 1, maxLength: 4 }),
        fc.constantFrom<CallKind>('first', 'again', 'renewal'),
        async (hogs, kind) => {
          const limiter = new UpstreamLimiter(WIDTHS);
          hogs.forEach((each, index) => {
            for (let nth = 0; nth < 1200; nth += 1) limiter.enter(each, `hog-${index}`);
          });
          expect(await entered(limiter.enter(kind, 'another'))).toBe(true);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('a hub without tenants shares its places with nobody', async () => {
    const limiter = new UpstreamLimiter(WIDTHS);
    const permits = Array.from({ length: 51 }, () => limiter.enter('first'));
    expect((await areIn(permits)).filter(Boolean)).toHaveLength(50);
  });
});
