import { Agent, request } from 'node:http';
import type { WeChatSimulator } from '../../src/simulator/simulator.js';

/** A hub as its callers know it. */
export interface Witnessed {
  readonly name: string;
  readonly url: string;
  /** Killed by the test: nothing is expected of it any more. */
  readonly gone: boolean;
  /** Stopped by the test now or at some time before: slow answers say nothing. */
  readonly stopped: boolean;
}

/** Between two reads of one app on one hub, ms: some thirty a second for each. */
const PAUSE_MS = 30;

interface TokenAnswer {
  readonly access_token: string;
  readonly expires_in: number;
  readonly version: number;
}

/**
 * Reads every app's token on every hub, all the time, and judges by what WeChat knows:
 *
 * - No answer but 200: the apps have a valid token from before the reading begins.
 * - A token that was served was alive at some moment between question and answer; closer one cannot look from outside.
 * - `expires_in` never promises more than the token's own life.
 * - Versions of a hub never go back, and while the replicas can agree one version is one token on all of them.
 */
export class ReplicaWitness {
  readonly violations: string[] = [];
  /** Set while the store is gone: replicas that cannot agree may number tokens alike. */
  apart = false;
  #reads = 0;
  #durations: number[] = [];
  #ended = false;
  readonly #mayEnd = new Set<string>();
  readonly #agent = new Agent({ keepAlive: true });
  readonly #tokenOf = new Map<string, string>();
  readonly #loops: Promise<void>[] = [];

  constructor(
    private readonly simulator: WeChatSimulator,
    private readonly key: string,
  ) {}

  get reads(): number {
    return this.#reads;
  }

  /** The app is about to be removed: a hub that refuses it is asked no more. */
  mayEnd(appid: string): void {
    this.#mayEnd.add(appid);
  }

  watch(hub: Witnessed, appid: string): void {
    this.#loops.push(this.#loop(hub, appid));
  }

  /** How long half of the reads of hubs that ran took at most, ms, since this was asked last. */
  takeMedianMs(): number {
    const sorted = this.#durations.sort((a, b) => a - b);
    this.#durations = [];
    return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  }

  /** Resolves when no read is under way. */
  async stop(): Promise<void> {
    this.#ended = true;
    this.#agent.destroy();
    await Promise.all(this.#loops);
  }

  async #loop(hub: Witnessed, appid: string): Promise<void> {
    let version = 0;
    while (!this.#ended && !hub.gone) {
      const askedAt = this.simulator.now();
      const sent = performance.now();
      let answer: { readonly status: number; readonly text: string };
      try {
        answer = await this.#read(`${hub.url}/v1/apps/${appid}/token`);
      } catch (error) {
        if (!this.#isOver(hub)) this.#violated(hub, appid, String(error));
        continue;
      }
      this.#reads += 1;
      if (!hub.stopped) this.#durations.push(performance.now() - sent);
      if (answer.status === 200) {
        const token = JSON.parse(answer.text) as TokenAnswer;
        this.#judge(hub, appid, token, askedAt, version);
        version = token.version;
      } else if (answer.status === 403 && this.#mayEnd.has(appid)) {
        return;
      } else {
        this.#violated(hub, appid, `${answer.status} ${answer.text}`);
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  #isOver(hub: Witnessed): boolean {
    return this.#ended || hub.gone;
  }

  #judge(hub: Witnessed, appid: string, answer: TokenAnswer, askedAt: number, before: number): void {
    const { access_token: token, expires_in: expiresIn, version } = answer;
    const validity = this.simulator.validity(token);
    if (validity?.appid !== appid) {
      this.#violated(hub, appid, 'served what is no token of the app');
      return;
    }
    const { diesAt, expiresAt } = validity;
    if (diesAt <= askedAt) {
      this.#violated(
        hub,
        appid,
        `served a token (version ${version}) that was dead for ${askedAt - diesAt} ms`,
      );
    }
    if (askedAt + expiresIn * 1000 > expiresAt) {
      this.#violated(hub, appid, `promised ${expiresIn} s of a life of ${expiresAt - askedAt} ms`);
    }
    if (version < before) this.#violated(hub, appid, `went back from version ${before} to ${version}`);
    if (this.apart) return;
    const name = `${appid} ${version}`;
    const known = this.#tokenOf.get(name) ?? token;
    this.#tokenOf.set(name, known);
    if (known !== token) this.#violated(hub, appid, `version ${version} is another token elsewhere`);
  }

  #read(url: string): Promise<{ readonly status: number; readonly text: string }> {
    return new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${this.key}` };
      request(url, { agent: this.#agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.once('error', reject);
      })
        .once('error', reject)
        .end();
    });
  }

  #violated(hub: Witnessed, appid: string, what: string): void {
    this.violations.push(`${Math.round(this.simulator.now())} ${hub.name} ${appid}: ${what}`);
  }
}
