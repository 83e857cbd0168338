import { setImmediate as nextTurn } from 'node:timers/promises';
import { Turns } from './turns.js';

describe('turns', () => {
  it('admits a few per turn of the event loop, in the order of their coming, and all of them in the end', async () => {
    const turns = new Turns();
    const order: number[] = [];
    const all = Array.from({ length: 1000 }, (_, index) => turns.next().then(() => order.push(index)));
    const perTurn: number[] = [];
    for (let before = 0; order.length < 1000; before = order.length) {
      await nextTurn();
      perTurn.push(order.length - before);
    }
    await Promise.all(all);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(Math.max(...perTurn)).toBeLessThanOrEqual(128);
    await turns.next();
  });
});
