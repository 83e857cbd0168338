import type { AppSettings, TicketType } from '../../src/core/app.js';
import { Secret } from '../../src/core/secret.js';
import type { UpstreamError, UpstreamResult } from '../../src/core/upstream.js';
import { classifyErrcode, describeFailure } from '../../src/core/wechat-error.js';
import type { TokenBody, WeChatModel } from '../../src/simulator/wechat-model.js';
import {
  WeChatClient,
  type FetchTokenOptions,
  type ProbeResult,
} from '../../src/wechat-client/wechat-client.js';
import type { SimulatedProcess } from './simulated-process.js';
import type { Chance, World } from './world.js';

export const UPSTREAM_LIMIT_MS = 5000;

/** How WeChat, and the way to it, is for everybody. */
export interface Upstream {
  readonly model: WeChatModel;
  /** `lossy`: half of the answers are lost after WeChat acted; `down`: unreachable; `busy`: errcode -1. */
  state: 'good' | 'lossy' | 'down' | 'busy';
}

/** One hub's calls to WeChat, by the model's rules. */
export class SimulatedClient extends WeChatClient {
  readonly #underWay = new Set<string>();

  constructor(
    private readonly world: World,
    private readonly process: SimulatedProcess,
    private readonly upstream: Upstream,
    private readonly chance: Chance,
    private readonly onCall: (app: AppSettings, sent: 'sent' | 'second') => void,
  ) {
    super();
  }

  override fetchToken(app: AppSettings, options: FetchTokenOptions = {}): Promise<UpstreamResult> {
    this.onCall(app, this.#underWay.has(app.appid) ? 'second' : 'sent');
    this.#underWay.add(app.appid);
    const sentAt = this.process.now();
    return new Promise((resolve) => {
      const end = (result: UpstreamResult): void => {
        this.process.clearTimeout(timer);
        this.#underWay.delete(app.appid);
        resolve(result);
      };
      const fail = (error: UpstreamError): void => end({ ok: false, error });
      const timer = this.process.setTimeout(() => fail(describeFailure('timeout', '')), UPSTREAM_LIMIT_MS);
      const { state } = this.upstream;
      const way = (): number =>
        this.chance.next() < 0.95 ? this.chance.between(10, 150) : this.chance.between(150, 2600);
      if (state === 'down') {
        this.world.after(way(), () => this.process.deliver(() => fail(describeFailure('unreachable', ''))));
        return;
      }
      this.world.after(way(), () => {
        if (state === 'busy') {
          this.world.after(way(), () => this.process.deliver(() => fail(classifyErrcode(-1, 'busy'))));
          return;
        }
        const body = this.#ask(app, options.force === true);
        if (state === 'lossy' && this.chance.next() < 0.5) return;
        const grant = { value: new Secret(body.access_token), lifeMs: body.expires_in * 1000, sentAt };
        this.world.after(way(), () => this.process.deliver(() => end({ ok: true, grant })));
      });
    });
  }

  override fetchTicket(_type: TicketType, _token: Secret): Promise<UpstreamResult> {
    throw new Error('no tickets here');
  }

  override probeToken(_token: Secret): Promise<ProbeResult> {
    throw new Error('no probes here');
  }

  #ask(app: AppSettings, forceRefresh: boolean): TokenBody {
    const call = {
      grantType: 'client_credential',
      appid: app.appid,
      secret: app.secret.reveal(),
      ip: '127.0.0.1',
    };
    const { model } = this.upstream;
    const body = app.tokenApi === 'token' ? model.token(call) : model.stableToken({ ...call, forceRefresh });
    if (!('access_token' in body)) throw new Error(`WeChat refused: ${JSON.stringify(body)}`);
    return body;
  }
}
