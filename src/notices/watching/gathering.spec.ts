import { CALM_MS, Gathering, LONGEST_CRITICAL_MS, WINDOWS_MS } from './gathering.js';

const T = 1_000_000;
const [FIRST, SECOND, LATER] = WINDOWS_MS;

describe('gathering', () => {
  it('what comes within the window is told together, in the order of its coming, each key once', () => {
    const gathering = new Gathering<string, number>((kind) => kind === 'critical');
    expect(gathering.isEmpty).toBe(true);
    gathering.add('a', 'x', 1, T);
    gathering.add('a', 'y', 2, T + 1);
    gathering.add('a', 'x', 3, T + FIRST - 1);
    gathering.add('b', 'x', 4, T + 1);
    expect(gathering.due(T + FIRST - 1)).toEqual([]);
    expect(gathering.due(T + FIRST)).toEqual([{ kind: 'a', items: [3, 2] }]);
    expect(gathering.isEmpty).toBe(false);
    expect(gathering.due(T + FIRST + 1)).toEqual([{ kind: 'b', items: [4] }]);
    expect(gathering.isEmpty).toBe(true);
    expect(gathering.due(T + FIRST * 10)).toEqual([]);
  });

  it('while more of a kind follows, windows grow; after a calm the first is told soon again', () => {
    const gathering = new Gathering<string, number>((kind) => kind === 'critical');
    const waits: number[] = [];
    let now = T;
    const tell = () => {
      gathering.add('a', 'x', 1, now);
      const from = now;
      while (gathering.due(now).length === 0) now += 1000;
      waits.push(now - from);
    };
    for (let times = 0; times < 4; times++) {
      tell();
      now += CALM_MS - 1;
    }
    now += 1;
    tell();
    expect(waits).toEqual([FIRST, SECOND, LATER, LATER, FIRST]);
  });

  it('five hundred apps that fail over ten minutes are four messages', () => {
    const gathering = new Gathering<string, number>((kind) => kind === 'critical');
    const messages: number[] = [];
    for (let second = 0; second < 1200; second++) {
      if (second < 600 && second % 6 !== 0) gathering.add('a', String(second), 1, T + second * 1000);
      for (const { items } of gathering.due(T + second * 1000)) messages.push(items.length);
    }
    expect(messages.length).toBeLessThanOrEqual(4);
    expect(messages.reduce((sum, count) => sum + count, 0)).toBe(500);
  });

  it('what is critical never waits longer than a minute', () => {
    const gathering = new Gathering<string, number>((kind) => kind === 'critical');
    let now = T;
    for (let times = 0; times < 5; times++) {
      gathering.add('critical', 'x', times, now);
      const from = now;
      while (gathering.due(now).length === 0) now += 1000;
      expect(now - from).toBeLessThanOrEqual(LONGEST_CRITICAL_MS);
    }
  });
});
