#!/usr/bin/env node
import { text } from 'node:stream/consumers';
import { readProcessEnvironment } from '../config/environment/process-environment.js';
import { VERSION } from '../version.js';
import { checkCommand } from './check.command.js';
import { EXIT, UsageProblem, type Command } from './command.js';
import { doctorCommand } from './doctor.command.js';
import { HubUnreachable } from './hub-api.js';
import { refreshCommand, reloadCommand } from './hub.commands.js';
import { keyCommand } from './key.command.js';
import { quotaClearCommand, quotaCommand, ridCommand } from './quota.commands.js';
import { seedCommand } from './seed.command.js';
import { statusCommand } from './status.command.js';

const serveCommand: Command = {
  name: 'serve',
  summary: 'run the hub (what node dist/main.js does)',
  help: `wechat-token-hub serve
    Runs the hub, configured by apps.yaml and the HUB_* variables. SIGTERM ends it.`,
  async run() {
    await import('../main.js');
    return Number(process.exitCode ?? EXIT.ok);
  },
};

const COMMANDS: readonly Command[] = [
  serveCommand,
  checkCommand,
  doctorCommand,
  keyCommand,
  statusCommand,
  refreshCommand,
  reloadCommand,
  quotaCommand,
  quotaClearCommand,
  ridCommand,
  seedCommand,
];

const HELP = `wechat-token-hub ${VERSION}: access tokens of many WeChat apps from one place

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(11)} ${summary}`).join('\n')}

  wechat-token-hub COMMAND --help   more about one
  wechat-token-hub --version
`;

async function run(argv: readonly string[]): Promise<number> {
  const [name, ...args] = argv;
  if (name === '--version' || name === '-v') return say(VERSION);
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') return say(HELP.trimEnd());
  const command = COMMANDS.find((one) => one.name === name);
  if (command === undefined) {
    process.stderr.write(`wechat-token-hub: there is no command ${JSON.stringify(name)}\n\n${HELP}`);
    return EXIT.usage;
  }
  if (args.includes('--help') || args.includes('-h')) return say(command.help);
  try {
    return await command.run({
      args,
      env: readProcessEnvironment(),
      out: (line) => void process.stdout.write(`${line}\n`),
      err: (line) => void process.stderr.write(`${line}\n`),
      coloured: process.stdout.isTTY && readProcessEnvironment().NO_COLOR === undefined,
      readInput: () => text(process.stdin),
    });
  } catch (error) {
    if (error instanceof UsageProblem) {
      process.stderr.write(`wechat-token-hub ${name}: ${error.message}\n\n${command.help}\n`);
      return EXIT.usage;
    }
    if (error instanceof HubUnreachable) {
      if (args.includes('--json')) say(JSON.stringify({ code: 'UNREACHABLE', detail: error.message }));
      process.stderr.write(`${error.message}\n`);
      return error.exitCode;
    }
    throw error;
  }
}

function say(lines: string): number {
  process.stdout.write(`${lines}\n`);
  return EXIT.ok;
}

/** Whoever reads the output may have seen enough (`status | head`): what is left is for nobody, and no fault. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

process.exitCode = await run(process.argv.slice(2));
