import { readCommandLine, USAGE } from './command-line.js';
import { WeChatSimulator, type SimulatorOptions } from './simulator.js';

/** Exit code for a wrong command line (EX_USAGE of sysexits.h). */
const WRONG_USAGE = 64;

async function run(options: SimulatorOptions): Promise<void> {
  const simulator = await WeChatSimulator.start(options);
  const line = { simulator: 'listening', url: simulator.url, control: options.control === true };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void simulator.close());
  }
}

const command = readCommandLine(process.argv.slice(2));
switch (command.act) {
  case 'start':
    await run(command.options);
    break;
  case 'help':
    process.stdout.write(USAGE);
    break;
  case 'refuse':
    process.stderr.write(`${command.problem}\n\n${USAGE}`);
    process.exitCode = WRONG_USAGE;
    break;
}
