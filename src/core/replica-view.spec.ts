import type { AppHealth } from './credential.js';
import { MOST_TROUBLED, viewOf } from './replica-view.js';

const apps = (...healths: (AppHealth | undefined)[]) =>
  healths.map((health, index) => [`wx${index}`, health] as const);

it('counts the apps by what a caller would find, and names those that are not valid', () => {
  expect(viewOf(apps('valid', 'failing', 'unavailable', 'valid', undefined))).toEqual({
    valid: 2,
    failing: 1,
    unavailable: 1,
    troubled: ['wx1', 'wx2'],
  });
  expect(viewOf([])).toEqual({ valid: 0, failing: 0, unavailable: 0, troubled: [] });
});

it.each([MOST_TROUBLED, MOST_TROUBLED + 1])('of %d in trouble it counts all and names the first', (count) => {
  const view = viewOf(apps(...Array<AppHealth>(count).fill('unavailable')));
  expect(view.unavailable).toBe(count);
  expect(view.troubled).toHaveLength(MOST_TROUBLED);
  expect(view.troubled[0]).toBe('wx0');
});
