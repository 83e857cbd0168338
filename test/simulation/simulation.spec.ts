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
