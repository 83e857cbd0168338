import type { Endpoint } from '../../../src/simulator/journal.js';
import { WeChatSimulator } from '../../../src/simulator/simulator.js';
import { bearer } from '../../support/start-hub.js';
import { HubProcess } from '../../support/hub-process.js';
import { describeSdk, type PageSignature, type Sdk } from '../describe-sdk.js';
import { APPS, CLIENTS, HUB_KEY, SdkHub, type Covered } from '../sdk-hub.js';
import { DRIVERS, SdkError, SdkProcess, type Connection } from './sdk-process.js';

interface ForeignSdk {
  readonly name: string;
  readonly driver: string;
  /** Which of a driver's kinds of app it is. */
  readonly kind?: string;
  readonly stableToken?: true;
  readonly logins: readonly ('session' | 'oauth')[];
  /** When it is rid of a dead token by itself, where only tokens come from the hub. */
  readonly heals: 'at once' | 'with the next call' | 'when told to';
}

/** SDKs as their registries give them, set up by the very lines that docs/sdks.md shows. */
const SDKS: readonly ForeignSdk[] = [
  { name: 'wechatpy', driver: 'wechatpy', logins: ['session', 'oauth'], heals: 'at once' },
  {
    name: 'WxJava, official accounts',
    driver: 'wxjava',
    kind: 'mp',
    stableToken: true,
    logins: ['oauth'],
    heals: 'with the next call',
  },
  {
    name: 'WxJava, mini programs',
    driver: 'wxjava',
    kind: 'ma',
    stableToken: true,
    logins: ['session'],
    heals: 'with the next call',
  },
  {
    name: 'silenceper/wechat',
    driver: 'silenceper',
    stableToken: true,
    logins: ['session', 'oauth'],
    heals: 'when told to',
  },
  {
    name: 'chanxuehong/wechat',
    driver: 'chanxuehong',
    logins: ['session', 'oauth'],
    heals: 'with the next call',
  },
];
const PARALLEL = 50;
/** Less than the 3 s for which WxJava waits for its own lock. */
const SLOW_TOKEN_MS = 1_000;

/** A call whose refusal is a value, as the SDKs of Node show it. */
async function callOf(sdk: SdkProcess): Promise<unknown> {
  try {
    return await sdk.ask('call');
  } catch (error) {
    if (error instanceof SdkError && error.errcode !== undefined) return { errcode: error.errcode };
    throw error;
  }
}

function surfaceOf(sdk: SdkProcess, { stableToken, heals }: ForeignSdk, covered: Covered): Sdk {
  return {
    token: () => sdk.ask('token'),
    ...(stableToken === true && { stableToken: () => sdk.ask<string>('stableToken') }),
    signature: (url) => sdk.ask<PageSignature>('signature', url),
    call: () => callOf(sdk),
    ...(covered === 'tokens' && heals === 'with the next call' && { healsWithNextCall: true }),
    ...(covered === 'tokens' && heals === 'when told to' && { renew: () => sdk.ask('renew') }),
  };
}

for (const foreign of SDKS) {
  const { name, kind = '' } = foreign;
  const command = DRIVERS[foreign.driver];
  if (command === undefined) {
    it.skip(`${name}: its driver is not there; npm run test:sdks says why`, () => undefined);
    continue;
  }

  describe(name, () => {
    let sdk: SdkProcess;
    beforeAll(() => {
      sdk = new SdkProcess(command);
    });
    afterAll(() => sdk.end());

    describeSdk(name, async (hub, appid, covered) => {
      await sdk.connect({ appid, key: HUB_KEY, hub: hub.url, wechat: hub.wechat.url, covered }, kind);
      return surfaceOf(sdk, foreign, covered);
    });

    describe.each(APPS)(
      'and a hub process, an app with tokenApi $tokenApi',
      ({ appid, secret, tokenApi }) => {
        let wechat: WeChatSimulator;
        let hub: HubProcess;
        let to: Connection;

        beforeAll(async () => {
          wechat = await WeChatSimulator.start({ apps: [{ appid, secret }] });
          wechat.fault({ endpoint: tokenApi, kind: 'delay', delayMs: SLOW_TOKEN_MS });
          hub = new HubProcess({
            upstream: wechat.url,
            apps: [{ appid, secret, tokenApi }],
            clients: CLIENTS,
          });
          const { url } = await hub.listening();
          to = { appid, key: HUB_KEY, hub: url, wechat: wechat.url, covered: 'everything' };
          await sdk.connect(to, kind);
        });
        afterAll(async () => {
          wechat.clearFaults();
          await wechat.close();
          await hub.dispose();
        });
        const outcomes = (endpoint: Endpoint): string[] =>
          wechat.journal({ appid, endpoint }).map(({ outcome }) => outcome);

        // The first: the hub has just been started.
        it(`asks ${PARALLEL} times at once while neither has a token: one mint`, async () => {
          const tokens = await sdk.ask<string[]>('cold', String(PARALLEL));
          expect(tokens).toHaveLength(PARALLEL);
          expect(new Set(tokens).size).toBe(1);
          expect(wechat.isAlive(tokens[0] ?? '')).toBe(true);
          expect(wechat.mints({ appid })).toBe(1);
          // They look like an SDK that asks again, which the hub answers with one question to WeChat at most.
          expect(wechat.calls({ appid })).toBeLessThanOrEqual(2);
          wechat.clearFaults();
        });

        it('calls WeChat through the gateway, with the token that the hub has', async () => {
          expect(await callOf(sdk)).toMatchObject({ errcode: 0 });
          const answer = await fetch(`${to.hub}/v1/apps/${appid}/token`, { headers: bearer(HUB_KEY) });
          const { access_token: token } = (await answer.json()) as { access_token: string };
          expect(await sdk.ask('token')).toBe(token);
          expect(outcomes('business')).toEqual(['ok']);
        });

        it.each(foreign.logins)('logs a user in by %s, and shows what WeChat refuses', async (login) => {
          const code = wechat.makeCode({ appid, kind: login === 'oauth' ? 'oauth' : 'js', openid: 'o-anna' });
          expect(await sdk.ask(login, code)).toMatchObject({ openid: 'o-anna' });
          await expect(sdk.ask(login, `no-such-code-of-${login}`)).rejects.toMatchObject({ errcode: 40029 });
          // The AppSecret that the hub put in was right, and the code was looked at: twice, and not again.
          expect(outcomes(login === 'oauth' ? 'oauth_token' : 'jscode2session')).toEqual([
            'ok',
            'errcode:40029',
          ]);
        });

        it('shows a wrong key and an app that is not granted as WeChat would', async () => {
          await sdk.connect({ ...to, key: 'no-such-key-00000000000000000000000' }, kind);
          await expect(sdk.ask('token')).rejects.toMatchObject({ errcode: 40125 });
          await sdk.connect({ ...to, appid: 'wx-unknown' }, kind);
          await expect(sdk.ask('token')).rejects.toMatchObject({ errcode: 40013 });
        });
      },
    );
  });
}

/** What one SDK alone has; what docs/sdks.md says of it. */
function describeOnly(driver: string, kind: string, tests: (backend: () => Only) => void): void {
  const command = DRIVERS[driver];
  (command === undefined ? describe.skip : describe)(`${driver} alone`, () => {
    const [{ appid }] = APPS;
    let hub: SdkHub;
    let sdk: SdkProcess;
    beforeEach(async () => {
      hub = await SdkHub.start();
      sdk = new SdkProcess(command!);
      await sdk.connect(
        { appid, key: HUB_KEY, hub: hub.url, wechat: hub.wechat.url, covered: 'everything' },
        kind,
      );
    });
    afterEach(async () => {
      await sdk.end();
      await hub.stop();
    });
    tests(() => ({ hub, sdk }));
  });
}

interface Only {
  readonly hub: SdkHub;
  readonly sdk: SdkProcess;
}

describeOnly('wechatpy', '', (backend) => {
  it('reaches the hub with the APIs that bring a base URL of their own, and uploads', async () => {
    const { sdk } = backend();
    expect(await sdk.ask('own_base_url')).toMatchObject({ path: '/wxa/bind_tester' });
    const echo = await sdk.ask<{ bodyBytes: number }>('upload', '300000');
    expect(echo.bodyBytes).toBeGreaterThan(300_000);
  });
});

describeOnly('wxjava', 'mp', (backend) => {
  it('gets card tickets, and none of TicketType.SDK', async () => {
    const { hub, sdk } = backend();
    expect(hub.wechat.isAlive(await sdk.ask('ticket', 'WX_CARD'))).toBe(true);
    await expect(sdk.ask('ticket', 'SDK')).rejects.toMatchObject({ errcode: 40097 });
  });
});

describeOnly('silenceper', '', (backend) => {
  it('fetches pictures of mini program codes through the hub, with a client of its own', async () => {
    const { hub, sdk } = backend();
    // The simulator has no pictures: the echo is an error to the SDK, and the journal says where the call went.
    await sdk.ask('codePicture').catch(() => undefined);
    expect(hub.callOutcomes()).toEqual(['ok']);
  });
});
