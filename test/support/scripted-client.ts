import type { Clock } from '../../src/clock/clock.js';
import type { AppSettings, TicketType } from '../../src/core/app.js';
import { Secret } from '../../src/core/secret.js';
import type { UpstreamError, UpstreamResult } from '../../src/core/upstream.js';
import {
  WeChatClient,
  type FetchTokenOptions,
  type ProbeResult,
} from '../../src/wechat-client/wechat-client.js';
import { anError } from './builders.js';

export interface Call {
  readonly app: AppSettings;
  readonly force: boolean;
  readonly at: number;
  /** Answers the call. */
  grant(value: string, lifeSeconds?: number): Promise<void>;
  fail(error?: UpstreamError): Promise<void>;
}

/** A WeChatClient whose calls stay open until the test answers them, or that answers all by `automatically`. */
export class ScriptedClient extends WeChatClient {
  readonly calls: Call[] = [];
  underWay = 0;
  mostUnderWay = 0;
  automatically: ((app: AppSettings, call: Call) => void) | undefined;

  constructor(private readonly clock: Clock) {
    super();
  }

  override fetchToken(app: AppSettings, options: FetchTokenOptions = {}): Promise<UpstreamResult> {
    this.underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    return new Promise((resolve) => {
      const sentAt = this.clock.now();
      const answer = async (result: UpstreamResult): Promise<void> => {
        this.underWay -= 1;
        resolve(result);
        await new Promise((settled) => setImmediate(settled));
      };
      const call: Call = {
        app,
        force: options.force ?? false,
        at: sentAt,
        grant: (value, lifeSeconds = 7200) =>
          answer({ ok: true, grant: { value: new Secret(value), lifeMs: lifeSeconds * 1000, sentAt } }),
        fail: (error = anError()) => answer({ ok: false, error }),
      };
      this.calls.push(call);
      this.automatically?.(app, call);
    });
  }

  /** The call that is open; fails the test where there is none. */
  get last(): Call {
    const call = this.calls.at(-1);
    if (call === undefined) throw new Error('no call was made');
    return call;
  }

  override fetchTicket(_app: AppSettings, _type: TicketType, _token: Secret): Promise<UpstreamResult> {
    throw new Error('not scripted');
  }

  override probeToken(_app: AppSettings, _token: Secret): Promise<ProbeResult> {
    throw new Error('not scripted');
  }
}
