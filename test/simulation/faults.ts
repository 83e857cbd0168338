import type { Way } from './simulated-link.js';
import type { Chance } from './world.js';

/** What goes wrong, for how long. Drawn by chance; the same seed draws the same. */
export type Fault =
  | { readonly kind: 'way'; readonly hub: number | 'all'; readonly way: Way; readonly ms: number }
  | { readonly kind: 'empty'; readonly ms: number }
  | { readonly kind: 'roll back'; readonly lostMs: number; readonly skewMs: number; readonly ms: number }
  | { readonly kind: 'stop'; readonly hub: number; readonly frozen: boolean; readonly ms: number }
  | { readonly kind: 'kill'; readonly hub: number; readonly ms: number }
  | { readonly kind: 'wall'; readonly hub: number; readonly jumpMs: number; readonly ms: number }
  | { readonly kind: 'upstream'; readonly state: 'lossy' | 'down' | 'busy'; readonly ms: number };

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const WAYS: readonly Way[] = ['refused', 'hanging', 'slow', 'read-only'];

export function drawFault(chance: Chance, hubs: number): Fault {
  const hub = Math.floor(chance.next() * hubs);
  const ms = chance.of([
    chance.between(100, SECOND),
    chance.between(SECOND, 20 * SECOND),
    chance.between(20 * SECOND, 2 * MINUTE),
    chance.between(2 * MINUTE, 15 * MINUTE),
  ]);
  switch (
    chance.of(['way', 'all', 'empty', 'roll back', 'stop', 'stop', 'kill', 'wall', 'upstream'] as const)
  ) {
    case 'way':
      return { kind: 'way', hub, way: chance.of(WAYS), ms };
    case 'all':
      return { kind: 'way', hub: 'all', way: chance.of(WAYS), ms };
    case 'empty':
      return { kind: 'empty', ms: Math.min(ms, 20 * SECOND) };
    case 'roll back':
      return {
        kind: 'roll back',
        lostMs: chance.between(1, 5 * SECOND),
        skewMs: chance.between(-500, 500),
        ms: chance.between(500, 5 * SECOND),
      };
    case 'stop':
      return { kind: 'stop', hub, frozen: chance.next() < 0.3, ms: Math.min(ms, 60 * SECOND) };
    case 'kill':
      return { kind: 'kill', hub, ms };
    case 'wall':
      return { kind: 'wall', hub, jumpMs: chance.between(-10 * MINUTE, 10 * MINUTE), ms: 1 };
    case 'upstream':
      return {
        kind: 'upstream',
        state: chance.of(['lossy', 'down', 'busy'] as const),
        ms: Math.min(ms, 8 * MINUTE),
      };
  }
}
