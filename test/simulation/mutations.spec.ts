import { AttemptLoop } from '../../src/token-cache/refresh/attempt-loop.js';
import { CredentialCell } from '../../src/token-cache/refresh/credential-cell.js';
import { StoreAgreement } from '../../src/token-cache/replicas/store-agreement.js';
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
  it.each([
    ['', RESTLESS],
    [', one fault upon the other', STORMY],
  ])(
    'nothing, with nothing left out%s',
    async (_how, course) => {
      expect(await violationWith(undefined, course, CONTROLS)).toBe('none');
    },
    120_000,
  );

  it.each<[what: string, rewrite: Rewrite, found: RegExp]>([
    [
      'a newer token overwritten, with the fence check left out',
      without('save', 'if not newer then', 'if false then'),
      /an older token .* was stored over a newer one/,
    ],
    [
      'two mints for one rotation, with the lease left out',
      without('lease', "if lease and string.match(lease, '^(%S+) ') ~= ARGV[1] then", 'if false then'),
      /was minted by|was asked about again|an older token .* was stored/,
    ],
    [
      'two replicas that fail at their own pace each, with the pause left out',
      without('lease', 'if ms and ms > 0 then return', 'if false then return'),
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

    it('an older token served after a newer one, without a comparison of the two', async () => {
      wrap<StoreAgreement['observe']>(StoreAgreement.prototype, 'observe', (call, cell, stored) => {
        const found = call(cell, stored);
        if (stored?.held !== undefined) cell.know({ ...cell.state, held: stored.held });
        return found;
      });
      expect(await violationWith()).toMatch(
        /went back in|replaced a newer token|has two tokens|although it was given a newer one/,
      );
    }, 120_000);

    it('a dead token that is served on, without a doubt where two mints crossed', async () => {
      withoutUnseen(({ until }) => until !== Number.POSITIVE_INFINITY);
      expect(await violationWith(undefined, STORMY)).toMatch(/is dead for .* although|was promised/);
    }, 120_000);

    it('promises that are broken, without the thought that others mint while the store is away', async () => {
      withoutUnseen(({ until }) => until === Number.POSITIVE_INFINITY);
      expect(await violationWith()).toMatch(/was promised/);
    }, 120_000);

    it('a token dropped by a failure', async () => {
      wrap<AttemptLoop['begin']>(AttemptLoop.prototype, 'begin', (call, cell, request) => {
        const { promote, ended } = call(cell, request);
        const dropping = ended.then((attempt) => {
          const failed = attempt.end.kind === 'called' && attempt.end.outcome === 'failed';
          if (failed) cell.know({ ...cell.state, held: undefined });
          return attempt;
        });
        return { promote, ended: dropping };
      });
      expect(await violationWith()).toMatch(/dropped a token .* before its end/);
    }, 120_000);

    function withoutUnseen(left: (unseen: { until: number }) => boolean): void {
      wrap<CredentialCell['become']>(CredentialCell.prototype, 'become', (call, next) => {
        const { unseen } = next.state;
        if (unseen === undefined || !left(unseen)) {
          call(next);
          return;
        }
        call({ ...next, state: { ...next.state, unseen: undefined } });
      });
    }
  });
});
