import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { describeSdk, type PageSignature } from './describe-sdk.js';
import { APPS, HUB_KEY, SdkHub, type Covered } from './sdk-hub.js';

const BACKEND = new URL('./nest-wechat-backend.mjs', import.meta.url);

interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** nest-wechat in a process of its own. */
class Backend {
  readonly #child: ChildProcess = fork(BACKEND, { execArgv: [], env: {} });
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  readonly #ended: Promise<unknown>;
  #asked = 0;

  constructor() {
    this.#ended = once(this.#child, 'exit').then(() => {
      for (const [id, answer] of this.#waiting) answer({ id, error: 'the backend has ended' });
    });
    this.#child.on('message', (reply: Reply) => this.#waiting.get(reply.id)?.(reply));
  }

  /** From now on it is a backend of this hub. */
  connect(hub: SdkHub, appid: string, covered: Covered): Promise<void> {
    return this.ask('connect', appid, HUB_KEY, hub.url, hub.callsGoTo(covered));
  }

  /** @throws {Error} what the SDK threw. */
  async ask<T>(method: string, ...args: readonly unknown[]): Promise<T> {
    this.#asked += 1;
    const id = this.#asked;
    const reply = await new Promise<Reply>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.send({ id, method, args });
    });
    this.#waiting.delete(id);
    if (reply.error !== undefined) throw new Error(reply.error);
    return reply.value as T;
  }

  async end(): Promise<void> {
    this.#child.disconnect();
    await this.#ended;
  }
}

let backend: Backend;

beforeAll(() => {
  backend = new Backend();
});
afterEach(async () => {
  expect(await backend.ask('lookedUp')).toEqual([]);
});
afterAll(() => backend.end());

describeSdk('nest-wechat', async (hub, appid, covered) => {
  await backend.connect(hub, appid, covered);
  const accessToken = async (method: string): Promise<string> =>
    (await backend.ask<{ access_token: string }>(method)).access_token;
  return {
    token: () => accessToken('getAccountAccessToken'),
    stableToken: () => accessToken('getStableAccessToken'),
    signature: (url) => backend.ask<PageSignature>('jssdkSignature', url),
    call: () => backend.ask('sendTemplateMessage', { touser: 'somebody', template_id: 't', data: {} }),
    // It does nothing by itself about 40001. `force` is a report to the hub, and what it answers goes into the cache.
    ...(covered === 'tokens' && { renew: () => backend.ask('getStableAccessToken', null, null, true) }),
  };
});

it('nest-wechat with everything at the hub works for mini programs', async () => {
  const hub = await SdkHub.start();
  try {
    const [{ appid }] = APPS;
    await backend.connect(hub, appid, 'everything');
    const echo = await backend.ask('getPhoneNumber', 'a-code');
    expect(echo).toMatchObject({ path: '/wxa/business/getuserphonenumber', appid });
  } finally {
    await hub.stop();
  }
});
