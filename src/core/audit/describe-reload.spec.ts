import { describeReload, type Reload } from './describe-reload.js';

const many = Array.from({ length: 21 }, (_, index) => `wx${index}`);

describe('a reload in a few words', () => {
  it.each<[Reload, string]>([
    [{ ok: true, added: [], changed: [], removed: [] }, 'apps: 0 added, 0 changed, 0 removed'],
    [
      { ok: true, added: ['wx-a', 'wx-b'], changed: [], removed: ['wx-c'] },
      'apps: 2 added (wx-a, wx-b), 0 changed, 1 removed (wx-c)',
    ],
    [
      { ok: true, added: [], changed: many, removed: [] },
      `apps: 0 added, 21 changed (${many.slice(0, 20).join(', ')}, …), 0 removed`,
    ],
    [{ ok: false, problems: [{}] }, '1 problem'],
    [{ ok: false, problems: [{}, {}] }, '2 problems'],
  ])('%j', (reload, words) => {
    expect(describeReload(reload)).toBe(words);
  });
});
