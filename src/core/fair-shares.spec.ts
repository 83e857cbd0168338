import fc from 'fast-check';
import { FairShares, roomBeside, type Holder } from './fair-shares.js';

/** Takes one by one until there is no room. @returns how many */
function fill(shares: FairShares, holder: Holder): number {
  const share = shares.of(holder);
  let taken = 0;
  for (; share.room > 0; taken += 1) share.add(1);
  return taken;
}

describe('room beside what one has', () => {
  it.each([
    [0, 0, 0],
    [0, 1, 1],
    [1, 1, 0],
    [0, 0.25, 0.25],
    [0, 2, 1],
    [1, 2, 0],
    [1, 3, 1],
    [0, 100, 50],
    [49, 51, 1],
    [50, 50, 0],
    [60, 40, 0],
    [0, -3, 0],
    [5, -3, 0],
  ])('%d taken, %d free: %d', (mine, free, room) => {
    expect(roomBeside(mine, free)).toBe(room);
  });

  it('whoever takes what there is room for leaves as much as it then has', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.nat(1e6), (mine, free) => {
        const room = roomBeside(mine, free);
        expect(room <= free).toBe(true);
        if (room > 0 && mine + room > 1) expect(free - room).toBeGreaterThanOrEqual(mine + room);
      }),
    );
  });
});

describe('without tenants', () => {
  it('an app has what is its, until all is taken', () => {
    const shares = new FairShares({ most: 100, mostOfApp: 40 });
    expect(['a', 'b', 'c'].map((appid) => fill(shares, { appid }))).toEqual([40, 40, 20]);
    expect(shares.of({ appid: 'd' }).room).toBe(0);
    shares.of({ appid: 'a' }).add(-1);
    expect(['a', 'b', 'd'].map((appid) => shares.of({ appid }).room)).toEqual([1, 0, 1]);
  });

  it('and where nothing is said of apps, half, the next half of the rest', () => {
    const shares = new FairShares({ most: 1000 });
    expect(fill(shares, { appid: 'a' })).toBe(500);
    expect(fill(shares, { appid: 'b' })).toBe(250);
    expect(shares.of({ appid: 'c' }).room).toBe(125);
    shares.of({ appid: 'a' }).add(-500);
    expect(shares.of({ appid: 'a' }).room).toBe(375);
    expect(shares.taken).toBe(250);
  });
});

describe('with tenants', () => {
  it('a tenant has half, however many apps it has, and each of them leaves as much for the others', () => {
    const shares = new FairShares({ most: 1000, mostOfApp: 400 });
    const ofA = Array.from({ length: 100 }, (_, app) => fill(shares, { appid: `a${app}`, tenant: 'a' }));
    expect(ofA.slice(0, 4)).toEqual([250, 125, 62, 31]);
    expect(ofA.reduce((sum, each) => sum + each)).toBeLessThanOrEqual(500);
    expect(shares.of({ appid: 'b0', tenant: 'b' }).room).toBeGreaterThanOrEqual(125);
  });

  it('the same appid of another tenant is another holder', () => {
    const shares = new FairShares({ most: 100 });
    fill(shares, { appid: 'x', tenant: 'a' });
    const taken = shares.taken;
    shares.of({ appid: 'x', tenant: 'b' }).add(5);
    shares.of({ appid: 'x', tenant: 'b' }).add(-5);
    expect([shares.taken, shares.of({ appid: 'x', tenant: 'a' }).room]).toEqual([taken, 0]);
  });

  it('whatever the others have taken, one that has nothing finds a place, until as many others as halves have it all', () => {
    const shares = new FairShares({ most: 2000, mostOfApp: 500 });
    for (let tenant = 0; tenant < 8; tenant += 1)
      for (let app = 0; app < 50; app += 1) fill(shares, { appid: `${app}`, tenant: `hog-${tenant}` });
    expect(shares.of({ appid: 'x', tenant: 'quiet' }).room).toBeGreaterThanOrEqual(1);
    expect(shares.taken).toBeLessThan(2000);
  });

  it('nothing is ever taken beyond the bounds, and all that is given back is there again', () => {
    const holder = fc.record({
      appid: fc.constantFrom('x', 'y'),
      tenant: fc.constantFrom('a', 'b', undefined),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(holder, fc.nat(60))), (asks) => {
        const shares = new FairShares({ most: 100, mostOfApp: 50 });
        const taken: [Holder, number][] = [];
        for (const [who, amount] of asks) {
          const share = shares.of(who);
          if (amount > share.room) continue;
          share.add(amount);
          taken.push([who, amount]);
          expect(shares.taken).toBeLessThanOrEqual(100);
        }
        for (const [who, amount] of taken) shares.of(who).add(-amount);
        expect([shares.taken, shares.of({ appid: 'new', tenant: 'new' }).room]).toEqual([0, 25]);
      }),
    );
  });
});
