import { Simulation, type SimulationReport } from './simulation.js';

/** npm run sim: one seed alone, or many from a first one on. npm test: always the same. */
const SEED = process.env.SIM_SEED === undefined ? undefined : Number(process.env.SIM_SEED);
const FIRST_SEED = SEED ?? Number(process.env.SIM_FIRST_SEED ?? 1);
const HUB_HOURS = Number(process.env.SIM_HUB_HOURS ?? 4_000);
const LINES = Number(process.env.SIM_LINES ?? 60);
/** npm run sim goes on after a violation, up to so many. */
const MOST_VIOLATIONS = Number(process.env.SIM_MOST_VIOLATIONS ?? 1);

async function simulate(seed: number): Promise<SimulationReport> {
  const simulation = new Simulation({ seed });
  try {
    return await simulation.run();
  } catch (error) {
    throw new Error(
      `seed ${seed}: ${(error as Error).message}\n${simulation.journal.last(LINES).join('\n')}\n` +
        `Repeat it: npm run sim -- --seed ${seed}`,
      { cause: error },
    );
  }
}

describe('replicas through every fault', () => {
  it(
    `hold together for ${SEED === undefined ? `${HUB_HOURS} hub hours` : `seed ${SEED}`}`,
    async () => {
      const sum = { hubHours: 0, faults: 0, reads: 0, deadReads: 0, mints: 0 };
      const violations: string[] = [];
      for (let seed = FIRST_SEED; sum.hubHours < HUB_HOURS; seed++) {
        try {
          const report = await simulate(seed);
          for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += report[key];
        } catch (error) {
          violations.push((error as Error).message);
          if (violations.length >= MOST_VIOLATIONS) break;
        }
        if (seed === SEED) break;
      }
      process.stderr.write(`simulated from seed ${FIRST_SEED} on: ${JSON.stringify(sum)}\n`);
      expect(violations.join('\n\n')).toBe('');
    },
    // npm run sim may run for as long as somebody wants.
    Math.max(600_000, HUB_HOURS * 1000),
  );

  it('do the same again for the same seed, and not for another', async () => {
    const digestOf = async (seed: number) =>
      (await new Simulation({ seed, course: { hours: 6, quietMs: 120_000 } }).run()).digest;
    const digest = await digestOf(FIRST_SEED);
    expect(await digestOf(FIRST_SEED)).toBe(digest);
    expect(await digestOf(FIRST_SEED + 1)).not.toBe(digest);
  }, 120_000);
});
