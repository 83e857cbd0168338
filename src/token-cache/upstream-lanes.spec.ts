import fc from 'fast-check';
import { UpstreamLanes, type CallKind, type LaneTicket } from './upstream-lanes.js';

async function entered(ticket: LaneTicket): Promise<boolean> {
  return Promise.race([ticket.entered.then(() => true), new Promise<false>((no) => setImmediate(no, false))]);
}

const areIn = (tickets: readonly LaneTicket[]) => Promise.all(tickets.map(entered));

describe('one kind of call', () => {
  const lanes = (width: number) => new UpstreamLanes({ start: width, startReserved: 1, steady: width });

  it('is admitted until its lane is full, then in the order of arrival', async () => {
    const lane = lanes(2);
    const [a, b, c, d] = [lane.enter('first'), lane.enter('first'), lane.enter('first'), lane.enter('first')];
    expect(await areIn([a, b, c, d])).toEqual([true, true, false, false]);
    b.leave();
    expect(await areIn([c, d])).toEqual([true, false]);
    a.leave();
    expect(await entered(d)).toBe(true);
  });

  it('lets the promoted go first', async () => {
    const lane = lanes(1);
    const [a, b, c] = [lane.enter('renewal'), lane.enter('renewal'), lane.enter('renewal')];
    c.promote();
    a.leave();
    expect(await areIn([b, c])).toEqual([false, true]);
  });

  it('tells how many have a place and how many wait for one, whatever became of them', () => {
    const lane = lanes(1);
    const load = () => Object.values(lane.load);
    expect(load()).toEqual([0, 0]);
    const [a, b, c] = [lane.enter('first'), lane.enter('first'), lane.enter('first')];
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
    const lane = lanes(1);
    const [a, b, c] = [lane.enter('again'), lane.enter('again'), lane.enter('again')];
    b.promote();
    b.leave();
    a.leave();
    a.leave();
    expect(await entered(c)).toBe(true);
    expect(await entered(lane.enter('again'))).toBe(false);
  });
});

describe('several kinds of calls', () => {
  const lanes = () => new UpstreamLanes({ start: 3, startReserved: 1, steady: 10 });
  const some = (lane: UpstreamLanes, kind: CallKind, count: number) =>
    Array.from({ length: count }, () => lane.enter(kind));

  it('first and repeated calls share the places of the start, first ones before', async () => {
    const lane = lanes();
    const [a, ...others] = some(lane, 'first', 4);
    const again = lane.enter('again');
    again.promote();
    expect(await areIn([...others, again])).toEqual([true, true, false, false]);
    a!.leave();
    expect(await areIn([...others, again])).toEqual([true, true, true, false]);
    others[0]!.leave();
    expect(await entered(again)).toBe(true);
  });

  it('when no first call waits, each repeated one that ends makes a quarter of a place more', async () => {
    const lane = lanes();
    const firsts = some(lane, 'first', 3);
    const agains = some(lane, 'again', 12);
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
    const lane = lanes();
    for (const again of some(lane, 'again', 12)) {
      await again.entered;
      again.leave();
    }
    expect(await areIn(some(lane, 'again', 5))).toEqual([true, true, true, true, true]);
    const firsts = some(lane, 'first', 4);
    expect(await areIn(firsts)).toEqual([true, false, false, false]);
    expect(await entered(lane.enter('again'))).toBe(false);
  });

  it('a first call that gives up its place while it waits makes room as well', async () => {
    const lane = lanes();
    const firsts = some(lane, 'first', 4);
    const again = lane.enter('again');
    firsts[3]!.leave();
    firsts[0]!.leave();
    expect(await entered(again)).toBe(true);
  });

  it('however many repeated calls hang, a first one has a place', async () => {
    const lane = lanes();
    some(lane, 'again', 3);
    expect(await areIn(some(lane, 'first', 2))).toEqual([true, false]);
  });

  it('a renewal waits for no first or repeated call', async () => {
    const lane = lanes();
    some(lane, 'first', 5);
    some(lane, 'again', 5);
    expect(await areIn(some(lane, 'renewal', 10))).toEqual(Array.from({ length: 10 }, () => true));
    expect(await entered(lane.enter('renewal'))).toBe(false);
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
        const lane = new UpstreamLanes(widths);
        const inside = new Map<LaneTicket, CallKind>();
        const all: LaneTicket[] = [];
        const waiting: Promise<void>[] = [];
        const count = (kind: CallKind) => [...inside.values()].filter((one) => one === kind).length;
        for (const { act, kind, which } of acts) {
          const ticket = all[which % Math.max(1, all.length)];
          if (act === 'enter') {
            const fresh = lane.enter(kind);
            all.push(fresh);
            waiting.push(fresh.entered);
            void fresh.entered.then(() => inside.set(fresh, kind));
          } else if (act === 'promote') ticket?.promote();
          else if (ticket !== undefined && inside.delete(ticket)) ticket.leave();
          await Promise.resolve();
          expect(count('again') + count('renewal')).toBeLessThanOrEqual(widths.steady);
          expect(count('first')).toBeLessThanOrEqual(widths.start);
        }
        for (let left = all.length; left > 0; left -= 1) {
          for (const ticket of [...inside.keys()]) {
            inside.delete(ticket);
            ticket.leave();
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
        const lane = new UpstreamLanes({ start, startReserved: 1, steady: 1000 });
        const inside: LaneTicket[] = [];
        const enter = (kind: CallKind) => {
          const ticket = lane.enter(kind);
          void ticket.entered.then(() => inside.push(ticket));
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
