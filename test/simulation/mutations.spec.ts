import { Agreement } from '../../src/token-cache/agreement.js';
import { CredentialCell } from '../../src/token-cache/app-entry.js';
import { RefreshRights } from '../../src/token-cache/refresh-rights.js';
import { Refresher } from '../../src/token-cache/refresher.js';
import { UpstreamAttempt } from '../../src/token-cache/upstream-attempt.js';
import { UpstreamTurns } from '../../src/token-cache/upstream-turns.js';
import { Simulation, type Course } from './simulation.js';
import type { Rewrite } from './simulated-link.js';

/**
 * The checks bite: what they guard against does happen, and is found, as soon as one line of protection is left out.
 * Each mutation is of what protects against it alone; all else is as it is shipped.
 */
const MOST_SEEDS = 40;
/** Those among which most mutations are found. */
const CONTROLS = 8;
const RESTLESS: Course = { hours: 12, quietMs: 120_000 };
const STORMY: Course = { hours: 6, quietMs: 30_000 };

async function violationWith(rewrite?: Rewrite, course = RESTLESS, mostSeeds = MOST_SEEDS): Promise<string> {
  for (let seed = 1; seed <= mostSeeds; seed++) {
    try {
      await new Simulation({ seed, course, ...(rewrite && { rewrite }) }).run();
    } catch (error) {
      return `${(error as Error).message} (seed ${seed})`;
    }
  }
  return 'none';
}

/** One line of a script, left out. */
function without(name: string, line: string, instead: string): Rewrite {
  return (script) => {
    if (script.name !== name) return script.lua;
    if (!script.lua.includes(line)) throw new Error(`${name} has no line ${line}`);
    return script.lua.replace(line, instead);
  };
}

describe('the simulation finds', () => {
  it('nothing, with nothing left out', async () => {
    expect(await violationWith(undefined, RESTLESS, CONTROLS)).toBe('none');
    expect(await violationWith(undefined, STORMY, CONTROLS)).toBe('none');
  }, 120_000);

  it.each<[what: string, rewrite: Rewrite, found: RegExp]>([
    [
      'a newer token overwritten, with the fence check left out',
      without('save', 'if not newer then', 'if false then'),
      /an older token .* was stored over a newer one/,
    ],
    [
      'two mints for one rotation, with the lease left out',
      without('claim', "if lease and string.match(lease, '^(%S+) ') ~= ARGV[1] then", 'if false then'),
      /was minted by|was asked about again|an older token .* was stored/,
    ],
    [
      'two replicas that fail at their own pace each, with the pause left out',
      without('claim', 'if pause and pause ~= ARGV[1] then', 'if false then'),
      /was asked about again by .* \(all replicas\)/,
    ],
    [
      'a version that two tokens have, with the raising left out',
      without('save', 'if version <= stored.version then', 'if false then'),
      /version/,
    ],
    [
      'a replica that holds another token than Redis, with the news left out',
      without('save', "redis.call('PUBLISH', ARGV[13], ARGV[14])", ''),
      /holds version .* and Redis/,
    ],
    [
      'tokens that live too long, with the end of a life not stored',
      without('save', 'text(expires), ARGV[10]', 'text(expires + 600000), ARGV[10]'),
      /ends .* ms later than|its time is up/,
    ],
  ])(
    '%s',
    async (_what, rewrite, found) => {
      expect(await violationWith(rewrite)).toMatch(found);
    },
    120_000,
  );

  describe('in the code of a replica', () => {
    const undo: (() => void)[] = [];

    /** Puts another method, or property, in the place of a class's own until the test is over. */
    function replace(prototype: object, name: string, other: PropertyDescriptor): void {
      const own = Object.getOwnPropertyDescriptor(prototype, name);
      if (own === undefined) throw new Error(`there is no ${name}`);
      Object.defineProperty(prototype, name, { configurable: true, ...other });
      undo.push(() => Object.defineProperty(prototype, name, own));
    }

    /** Puts something around a method. `call` is the method as it was. */
    function wrap<F extends (...args: never[]) => unknown>(
      prototype: object,
      name: string,
      around: (call: F, ...args: Parameters<F>) => unknown,
    ): void {
      const own: unknown = Object.getOwnPropertyDescriptor(prototype, name)?.value;
      if (typeof own !== 'function') throw new Error(`there is no method ${name}`);
      replace(prototype, name, {
        value(this: unknown, ...args: Parameters<F>) {
          const call = (...passed: Parameters<F>): unknown => Reflect.apply(own, this, passed);
          return around(call as F, ...args);
        },
      });
    }

    afterEach(() => {
      for (const restore of undo.splice(0)) restore();
    });

    it('two calls under way, without single-flight', async () => {
      wrap<Refresher['refresh']>(Refresher.prototype, 'refresh', (call, cell, ...rest) => {
        cell.underWay = undefined;
        return call(cell, ...rest);
      });
      replace(UpstreamTurns.prototype, 'run', { value: (_appid: string, call: () => unknown) => call() });
      expect(await violationWith()).toMatch(/two calls .* under way/);
    }, 120_000);

    it('a call beside that of another replica, without a wait for its claim', async () => {
      wrap<RefreshRights['ask']>(RefreshRights.prototype, 'ask', async (call, ...args) => {
        const right = await call(...args);
        return right.kind === 'elsewhere' ? { kind: 'go', claim: undefined } : right;
      });
      expect(await violationWith()).toMatch(/was minted by|was asked about again/);
    }, 120_000);

    it('an older token served after a newer one, without a comparison of the two', async () => {
      wrap<Agreement['see']>(Agreement.prototype, 'see', (call, cell, stored) => {
        const step = call(cell, stored);
        if (stored?.held !== undefined) cell.state = { ...cell.state, held: stored.held };
        return step;
      });
      expect(await violationWith()).toMatch(
        /went back in|replaced a newer token|has two tokens|although it was given a newer one/,
      );
    }, 120_000);

    it('a dead token that is served on, without a doubt where two mints crossed', async () => {
      replace(CredentialCell.prototype, 'disputed', { get: () => false });
      expect(await violationWith(undefined, STORMY)).toMatch(/is dead for .* although/);
    }, 120_000);

    it('a token dropped by a failure', async () => {
      wrap<UpstreamAttempt['make']>(UpstreamAttempt.prototype, 'make', async (call, cell, ...rest) => {
        const made = await call(cell, ...rest);
        if (made?.outcome === 'failed') cell.state = { ...cell.state, held: undefined };
        return made;
      });
      expect(await violationWith()).toMatch(/dropped a token .* before its end/);
    }, 120_000);
  });
});
