import { WeChatSimulator, type SimulatorOptions } from '../../src/simulator/simulator.js';

/** An app that every simulator of {@link startSimulator} knows. */
export const SIMULATED_APP = { appid: 'wx-simulated-1', secret: 'simulated-secret-1' };

const running = new Set<WeChatSimulator>();

/** A simulator that {@link stopSimulators} will close. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<WeChatSimulator> {
  const simulator = await WeChatSimulator.start({ apps: [SIMULATED_APP], ...options });
  running.add(simulator);
  return simulator;
}

/** For `afterEach`. */
export async function stopSimulators(): Promise<void> {
  await Promise.all([...running].map((simulator) => simulator.close()));
  running.clear();
}

/** A clock without timers that a test moves by hand: `clock.at += 1000`. */
export class HandClock {
  constructor(public at = Date.UTC(2026, 0, 15, 2)) {}

  now(): number {
    return this.at;
  }
}

export interface SimulatedAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Empty where the body is no JSON object. */
  readonly json: Record<string, unknown>;
}

export async function request(url: string, init: RequestInit = {}): Promise<SimulatedAnswer> {
  const response = await fetch(url, { redirect: 'manual', ...init });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parse(text) };
}

/** `GET /cgi-bin/token` as the app would. */
export async function askToken(simulator: WeChatSimulator, app = SIMULATED_APP): Promise<SimulatedAnswer> {
  const query = new URLSearchParams({ grant_type: 'client_credential', ...app });
  return request(`${simulator.url}/cgi-bin/token?${query.toString()}`);
}

/** `POST /cgi-bin/stable_token` as the app would. */
export async function askStableToken(
  simulator: WeChatSimulator,
  {
    force = false,
    app = SIMULATED_APP,
    signal,
  }: { force?: boolean; app?: typeof SIMULATED_APP; signal?: AbortSignal } = {},
): Promise<SimulatedAnswer> {
  const body = JSON.stringify({ grant_type: 'client_credential', ...app, force_refresh: force });
  return request(`${simulator.url}/cgi-bin/stable_token`, { method: 'POST', body, signal: signal ?? null });
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
