import { describeReload, type Reload } from './describe-reload.js';

const many = Array.from({ length: 21 }, (_, index) => `wx${index}`);

const none = { added: [], changed: [], removed: [] };
const NONE = '0 added, 0 changed, 0 removed';

describe('a reload in a few words', () => {
  it.each<[Reload, string]>([
    [{ ok: true, ...none, clients: none, keys: none }, `apps: ${NONE}; clients: ${NONE}; keys: ${NONE}`],
    [
      { ok: true, added: ['wx-a', 'wx-b'], changed: [], removed: ['wx-c'], clients: none, keys: none },
      `apps: 2 added (wx-a, wx-b), 0 changed, 1 removed (wx-c); clients: ${NONE}; keys: ${NONE}`,
    ],
    [
      {
        ok: true,
        ...none,
        changed: many,
        clients: { ...none, removed: many },
        keys: { ...none, added: many.slice(1) },
      },
      `apps: 0 added, 21 changed (${many.slice(0, 20).join(', ')}, …), 0 removed; ` +
        `clients: 0 added, 0 changed, 21 removed (${many.slice(0, 20).join(', ')}, …); ` +
        `keys: 20 added (${many.slice(1).join(', ')}), 0 changed, 0 removed`,
    ],
    [{ ok: false, problems: [{}] }, '1 problem'],
    [{ ok: false, problems: [{}, {}] }, '2 problems'],
  ])('%j', (reload, words) => {
    expect(describeReload(reload)).toBe(words);
  });
});
