import type { Way } from './simulated-link.js';
import type { Chance } from './world.js';

/** What goes wrong, for how long. Drawn by chance; the same seed draws the same. */
export type Fault =
  /** The way between Redis and one hub, or all. */
  | { readonly kind: 'way'; readonly hub: number | 'all'; readonly way: Way; readonly ms: number }
  /** Redis is gone, and comes back empty. */
  | { readonly kind: 'empty'; readonly ms: number }
  /** Redis loses everything, and no connection breaks. */
  | { readonly kind: 'flush'; readonly ms: number }
  /** Redis fails over to a replica that had not heard of the last writes, and whose clock is off. */
  | { readonly kind: 'roll back'; readonly lostMs: number; readonly stepMs: number; readonly ms: number }
  /** As before; but one hub goes on with the old one until that is over, and all of it is lost. */
  | {
      readonly kind: 'split';
      readonly hub: number;
      readonly lostMs: number;
      readonly stepMs: number;
      readonly ms: number;
    }
  | { readonly kind: 'stop'; readonly hub: number; readonly frozen: boolean; readonly ms: number }
  | { readonly kind: 'kill'; readonly hub: number; readonly ms: number }
  | { readonly kind: 'wall'; readonly hub: number; readonly jumpMs: number; readonly ms: number }
  | { readonly kind: 'upstream'; readonly state: 'lossy' | 'down' | 'busy'; readonly ms: number }
  /** Somebody else has a token minted, or forces a refresh. */
  | { readonly kind: 'foreign'; readonly app: number; readonly ms: number }
  /** A caller reports a token that is alive, or an admin asks for a refresh. */
  | { readonly kind: 'report' | 'admin'; readonly hub: number; readonly app: number; readonly ms: number };

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const WAYS: readonly Way[] = ['refused', 'hanging', 'slow', 'read-only', 'deaf'];
/** By how often they are drawn. */
const KINDS = [
  'one way',
  'one way',
  'all ways',
  'empty',
  'flush',
  'roll back',
  'split',
  'stop',
  'stop',
  'kill',
  'kill',
  'wall',
  'upstream',
  'upstream',
  'foreign',
  'report',
  'admin',
] as const;

export function drawFault(chance: Chance, hubs: number): Fault {
  const hub = Math.floor(chance.next() * hubs);
  const app = Math.floor(chance.next() * 2);
  const ms = chance.of([
    chance.between(100, SECOND),
    chance.between(SECOND, 20 * SECOND),
    chance.between(20 * SECOND, 2 * MINUTE),
    chance.between(2 * MINUTE, 15 * MINUTE),
  ]);
  const failover = { lostMs: chance.between(1, 5 * SECOND), stepMs: chance.between(-500, 500) };
  const kind = chance.of(KINDS);
  switch (kind) {
    case 'one way':
      return { kind: 'way', hub, way: chance.of(WAYS), ms };
    case 'all ways':
      return { kind: 'way', hub: 'all', way: chance.of(WAYS), ms };
    case 'empty':
      return { kind, ms: Math.min(ms, 20 * SECOND) };
    case 'flush':
      return { kind, ms: 1 };
    case 'roll back':
      return { kind, ...failover, ms: chance.between(500, 5 * SECOND) };
    case 'split':
      return { kind, hub, ...failover, ms: Math.min(ms, MINUTE) };
    case 'stop':
      return { kind, hub, frozen: chance.next() < 0.3, ms: Math.min(ms, MINUTE) };
    case 'kill':
      return { kind, hub, ms };
    case 'wall':
      return { kind, hub, jumpMs: chance.between(-10 * MINUTE, 10 * MINUTE), ms: 1 };
    case 'upstream':
      return { kind, state: chance.of(['lossy', 'down', 'busy'] as const), ms: Math.min(ms, 8 * MINUTE) };
    case 'foreign':
      return { kind, app, ms: 1 };
    case 'report':
    case 'admin':
      return { kind, hub, app, ms: 1 };
  }
}
