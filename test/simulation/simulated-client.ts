import type { AppSettings, TicketType } from '../../src/core/app.js';
import { Secret } from '../../src/core/secret.js';
import type { UpstreamError, UpstreamResult } from '../../src/core/upstream.js';
import { classifyErrcode, describeFailure } from '../../src/core/wechat-error.js';
import type { TokenBody } from '../../src/simulator/credentials.js';
import type { WeChatModel } from '../../src/simulator/wechat-model.js';
import {
  WeChatClient,
  type FetchTokenOptions,
  type ProbeResult,
} from '../../src/wechat-client/wechat-client.js';
import type { SimulatedProcess } from './simulated-process.js';
import type { Spells } from './spells.js';
import type { Chance, World } from './world.js';

export const UPSTREAM_LIMIT_MS = 5000;

/** How WeChat, and the way to it, is for everybody. */
export interface Upstream {
  readonly model: WeChatModel;
  /** `lossy`: half of the answers are lost after WeChat acted; `down`: unreachable; `busy`: errcode -1. */
  state: 'good' | 'lossy' | 'down' | 'busy';
  /** When it was not good. */
  readonly troubles: Spells;
}

/** One call as its watcher sees it. */
export interface CallWatch {
  /** WeChat answered with this. */
  gave(value: string): void;
  /** The process has the outcome. */
  ended(value: string | undefined): void;
}

/** One hub's calls to WeChat, by the model's rules. */
export class SimulatedClient extends WeChatClient {
  constructor(
    private readonly world: World,
    private readonly process: SimulatedProcess,
    private readonly upstream: Upstream,
    private readonly chance: Chance,
    private readonly onCall: (app: AppSettings) => CallWatch,
  ) {
    super();
  }

  /**
   * Half of the calls need a new connection: the request then goes out only when the process hears that it stands,
   * which may be long after it was meant to, but not after the call was given up.
   */
  override fetchToken(app: AppSettings, options: FetchTokenOptions = {}): Promise<UpstreamResult> {
    const watch = this.onCall(app);
    const sentAt = this.process.now();
    return new Promise((resolve) => {
      let over = false;
      const end = (result: UpstreamResult): void => {
        if (over) return;
        over = true;
        this.process.clearTimeout(timer);
        watch.ended(result.ok ? result.grant.value.reveal() : undefined);
        resolve(result);
      };
      const answer = (read: () => UpstreamResult): void => {
        this.world.after(this.#way(), () => this.process.deliver(() => end(read())));
      };
      const fail = (error: UpstreamError) => (): UpstreamResult => ({ ok: false, error });
      const timer = this.process.setTimeout(
        () => end(fail(describeFailure('timeout', ''))()),
        UPSTREAM_LIMIT_MS,
      );
      const request = (): void => {
        if (this.upstream.state === 'busy') {
          answer(fail(classifyErrcode(-1, 'busy')));
          return;
        }
        const body = this.#ask(app, options.force === true);
        watch.gave(body.access_token);
        if (this.upstream.state === 'lossy' && this.chance.next() < 0.5) return;
        const grant = { value: new Secret(body.access_token), lifeMs: body.expires_in * 1000, sentAt };
        answer(() => ({ ok: true, grant }));
      };
      if (this.upstream.state === 'down') answer(fail(describeFailure('unreachable', '')));
      else if (this.chance.next() < 0.5) this.world.after(this.#way(), request);
      else {
        this.world.after(this.#way(), () =>
          this.process.deliver(() => {
            if (!over) this.world.after(this.#way(), request);
          }),
        );
      }
    });
  }

  override fetchTicket(_app: AppSettings, _type: TicketType, _token: Secret): Promise<UpstreamResult> {
    throw new Error('no tickets here');
  }

  override probeToken(_app: AppSettings, token: Secret): Promise<ProbeResult> {
    return new Promise((resolve) => {
      const { state } = this.upstream;
      const lost = state === 'down' || state === 'busy' || (state === 'lossy' && this.chance.next() < 0.5);
      const answer = (result: ProbeResult): void => {
        this.world.after(this.#way(), () => this.process.deliver(() => resolve(result)));
      };
      this.world.after(this.#way(), () => {
        if (lost) answer(describeFailure('timeout', ''));
        else answer(this.upstream.model.isAlive(token.reveal()) ? 'alive' : 'dead');
      });
    });
  }

  #way(): number {
    return this.chance.next() < 0.95 ? this.chance.between(10, 150) : this.chance.between(150, 1800);
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
