import type { WeChatErrorBody } from './errors.js';

/** A request that was refused, as `openapi/rid/get` tells of it. */
export interface RefusedCall {
  readonly appid: string;
  /** Epoch ms of the simulated clock. */
  readonly at: number;
  /** The query, with whatever tokens and secrets it held. */
  readonly query: string;
  readonly body: string;
  readonly ip: string;
  readonly answer: WeChatErrorBody;
}

const REMEMBERED = 1000;

/** Refused calls by their rid; the latest 1,000. WeChat keeps 7 days of them (page "getRidInfo"). */
export class RidBook {
  readonly #calls = new Map<string, RefusedCall>();

  note(call: RefusedCall): void {
    const rid = /rid: ([0-9a-f-]+)/.exec(call.answer.errmsg)?.[1];
    if (rid === undefined) return;
    this.#calls.set(rid, call);
    const [oldest] = this.#calls.keys();
    if (this.#calls.size > REMEMBERED && oldest !== undefined) this.#calls.delete(oldest);
  }

  find(rid: string, appid: string): object | undefined {
    const call = this.#calls.get(rid);
    if (call?.appid !== appid) return undefined;
    return {
      invoke_time: Math.floor(call.at / 1000),
      cost_in_ms: 30,
      request_url: call.query,
      request_body: call.body,
      response_body: JSON.stringify(call.answer),
      client_ip: call.ip,
    };
  }
}
