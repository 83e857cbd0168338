import fc from 'fast-check';
import { UpstreamLane, type LaneTicket } from './upstream-lanes.js';

async function entered(ticket: LaneTicket): Promise<boolean> {
  return Promise.race([ticket.entered.then(() => true), new Promise<false>((no) => setImmediate(no, false))]);
}

describe('an upstream lane', () => {
  it('admits as many as it is wide, then in the order of arrival', async () => {
    const lane = new UpstreamLane(2);
    const [a, b, c, d] = [lane.enter(), lane.enter(), lane.enter(), lane.enter()];
    expect(await Promise.all([a, b, c, d].map(entered))).toEqual([true, true, false, false]);
    b.leave();
    expect(await Promise.all([c, d].map(entered))).toEqual([true, false]);
    a.leave();
    expect(await entered(d)).toBe(true);
  });

  it('tells how many have a place and how many wait for one, whatever became of them', () => {
    const lane = new UpstreamLane(1);
    const load = () => [lane.underWay, lane.queued];
    expect(load()).toEqual([0, 0]);
    const [a, b, c] = [lane.enter(), lane.enter(), lane.enter()];
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

  it('lets the promoted go first', async () => {
    const lane = new UpstreamLane(1);
    const [a, b, c] = [lane.enter(), lane.enter(), lane.enter()];
    c.promote();
    a.leave();
    expect(await Promise.all([b, c].map(entered))).toEqual([false, true]);
  });

  it('forgets who left before entering', async () => {
    const lane = new UpstreamLane(1);
    const [a, b, c] = [lane.enter(), lane.enter(), lane.enter()];
    b.promote();
    b.leave();
    a.leave();
    a.leave();
    expect(await entered(c)).toBe(true);
    expect(await entered(lane.enter())).toBe(false);
  });

  it('never admits more than its width and never strands anybody, in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.record({ act: fc.constantFrom('enter', 'leave', 'promote'), which: fc.nat() }), {
          maxLength: 60,
        }),
        async (width, acts) => {
          const lane = new UpstreamLane(width);
          const inside = new Set<LaneTicket>();
          const waiting: LaneTicket[] = [];
          const all: LaneTicket[] = [];
          for (const { act, which } of acts) {
            const ticket = all[which % Math.max(1, all.length)];
            if (act === 'enter') {
              const fresh = lane.enter();
              all.push(fresh);
              waiting.push(fresh);
              void fresh.entered.then(() => inside.add(fresh));
            } else if (act === 'promote') ticket?.promote();
            else if (ticket !== undefined && inside.has(ticket)) {
              inside.delete(ticket);
              ticket.leave();
            }
            await Promise.resolve();
            expect(inside.size).toBeLessThanOrEqual(width);
          }
          for (let left = all.length; left > 0; left -= 1) {
            for (const ticket of [...inside]) {
              inside.delete(ticket);
              ticket.leave();
            }
            await Promise.resolve();
          }
          for (const ticket of waiting) await ticket.entered;
        },
      ),
      { numRuns: 300 },
    );
  });
});
