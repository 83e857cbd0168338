import { parseArgs } from 'node:util';
import type { SimulatedApp } from './simulated-app.js';
import type { SimulatorOptions } from './simulator.js';
import type { SimulatedAgent } from './wecom/wecom-desk.js';

export const USAGE = `WeChat simulator: api.weixin.qq.com for tests and demos. Prints one JSON line with its url.

  --host ADDRESS           where to listen (127.0.0.1)
  --port PORT              0 picks a free one (0)
  --apps APPID:SECRET,…    the apps that it knows
  --agents NAME:CORPID:SECRET,…
                           the agents of WeCom corporations that it knows
  --any-secret TEMPLATE    accept every other appid with this AppSecret; {appid} in it is replaced
  --any-code               every code logs in a user of its own, once
  --token-life SECONDS     life of access_tokens (7200)
  --ticket-life SECONDS    life of tickets (7200)
  --speed FACTOR           how many times faster than real time (1)
  --latency MS             simulated time that every call takes at least (0)
  --control                answer the control calls under /_sim/ too
  --help
`;

export type CommandLine =
  | { readonly act: 'start'; readonly options: SimulatorOptions }
  | { readonly act: 'help' }
  | { readonly act: 'refuse'; readonly problem: string };

/** Never throws: a wrong flag is an answer. */
export function readCommandLine(args: string[]): CommandLine {
  try {
    const { values } = parseArgs({
      args,
      options: {
        host: { type: 'string' },
        port: { type: 'string' },
        apps: { type: 'string' },
        agents: { type: 'string' },
        'any-secret': { type: 'string' },
        'any-code': { type: 'boolean' },
        'token-life': { type: 'string' },
        'ticket-life': { type: 'string' },
        speed: { type: 'string' },
        latency: { type: 'string' },
        control: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
    if (values.help === true) return { act: 'help' };
    const template = values['any-secret'];
    return {
      act: 'start',
      options: {
        host: values.host,
        port: wholeNumber('--port', values.port, 65_535),
        apps: values.apps?.split(',').map(appOf),
        agents: values.agents?.split(',').map(agentOf),
        acceptAnyApp:
          template === undefined ? undefined : (appid) => template.replaceAll('{appid}', () => appid),
        acceptAnyCode: values['any-code'],
        tokenLifeSeconds: positive('--token-life', values['token-life']),
        ticketLifeSeconds: positive('--ticket-life', values['ticket-life']),
        speed: positive('--speed', values.speed),
        latencyMs: wholeNumber('--latency', values.latency, 3_600_000),
        control: values.control,
      },
    };
  } catch (error) {
    return { act: 'refuse', problem: error instanceof Error ? error.message : String(error) };
  }
}

/** The message does not repeat the text: it has a secret in it. */
function appOf(text: string, index: number): SimulatedApp {
  const [appid, secret, ...more] = text.split(':');
  if (!appid || !secret || more.length > 0)
    throw new Error(`--apps: number ${index + 1} is not APPID:SECRET`);
  return { appid, secret };
}

/** As of {@link appOf}. */
function agentOf(text: string, index: number): SimulatedAgent {
  const [appid, corpid, secret, ...more] = text.split(':');
  if (!appid || !corpid || !secret || more.length > 0)
    throw new Error(`--agents: number ${index + 1} is not NAME:CORPID:SECRET`);
  return { appid, corpid, secret };
}

function wholeNumber(flag: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > most) throw new Error(`${flag}: not a number from 0 to ${most}`);
  return value;
}

function positive(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new Error(`${flag}: not a number above 0`);
  return value;
}
