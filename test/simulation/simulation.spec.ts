import type { Rewrite } from './simulated-link.js';
import { Simulation, type SimulationOptions } from './simulation.js';

/** npm run sim -- --seed N: that one alone, with its journal. */
const SEED = process.env.SIM_SEED === undefined ? undefined : Number(process.env.SIM_SEED);
const HUB_HOURS = Number(process.env.SIM_HUB_HOURS ?? 10_000);
const HOURS_EACH = 24;

async function simulate(options: SimulationOptions) {
  const simulation = new Simulation(options);
  try {
    return await simulation.run();
  } catch (error) {
    throw new Error(
      `seed ${options.seed}: ${(error as Error).message}\n${simulation.journal.slice(-60).join('\n')}\n` +
        `Repeat it: npm run sim -- --seed ${options.seed}`,
      { cause: error },
    );
  }
}

describe('replicas through every fault', () => {
  it(`hold together for ${SEED === undefined ? `${HUB_HOURS} hub hours` : `seed ${SEED}`}`, async () => {
    let hubHours = 0;
    let faults = 0;
    for (let seed = SEED ?? 1; SEED === undefined ? hubHours < HUB_HOURS : seed === SEED; seed++) {
      const report = await simulate({ seed, hours: HOURS_EACH });
      hubHours += report.hubHours;
      faults += report.faults;
    }
    process.stderr.write(`simulated ${hubHours} hub hours with ${faults} faults\n`);
  }, 600_000);
});

/** The checks bite: what they guard against does happen as soon as one line of protection is left out. */
describe('the simulation finds', () => {
  async function violationWith(rewrite: Rewrite): Promise<string> {
    for (let seed = 1; seed < 100; seed++) {
      try {
        await new Simulation({ seed, hours: 24, quietMs: 120_000, rewrite }).run();
      } catch (error) {
        return (error as Error).message;
      }
    }
    return 'none';
  }

  const without = (name: string, line: string, instead: string): Rewrite => {
    return (script) => {
      if (script.name === name && !script.lua.includes(line)) throw new Error(`${name} has no line ${line}`);
      return script.name === name ? script.lua.replace(line, instead) : script.lua;
    };
  };

  it('a newer token overwritten, with the fence check left out', async () => {
    const rewrite = without('save', 'if not newer then', 'if false then');
    expect(await violationWith(rewrite)).toMatch(/older token .* was stored over a newer one/);
  }, 120_000);

  it('two mints for one rotation, with the lease left out', async () => {
    const rewrite = without(
      'claim',
      "if lease and string.match(lease, '^(%S+) ') ~= ARGV[1] then",
      'if false then',
    );
    expect(await violationWith(rewrite)).toMatch(/minted twice|asked about/);
  }, 120_000);

  it('a version that two tokens have, with the raising left out', async () => {
    const rewrite = without('save', 'if version <= stored.version then', 'if false then');
    expect(await violationWith(rewrite)).toMatch(/version/);
  }, 120_000);
});
