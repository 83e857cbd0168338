import type { RawAnswer } from '../support/raw-request.js';
import { FOREIGN_SDKS, type ForeignSdk } from './foreign-sdks.js';
import { APPS, HUB_KEY, SdkHub, type App } from './sdk-hub.js';

interface Parsed {
  readonly errcode?: number;
  readonly access_token?: string;
  readonly ticket?: string;
  readonly expires_in?: number;
}

/** What holds for every answer, whatever the language. */
function parse(answer: RawAnswer): Parsed {
  // Go, .NET and requests lose the errcode otherwise.
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toMatch(/^(application\/json|text\/plain)\b/);
  // An int64 of Go's takes neither 7200.0 nor 7.2e3 nor "7200".
  const seconds = /"expires_in":([^,}]*)/.exec(answer.body)?.[1];
  if (seconds !== undefined) expect(seconds).toMatch(/^[1-9]\d*$/);
  return JSON.parse(answer.body) as Parsed;
}

describe.each(FOREIGN_SDKS)('$name', (sdk: ForeignSdk) => {
  describe.each(APPS)('with an app with tokenApi $tokenApi', ({ appid, tokenApi }: App) => {
    let hub: SdkHub;

    beforeEach(async () => {
      hub = await SdkHub.start();
    });
    afterEach(() => hub.stop());

    const host = (): string => sdk.host ?? new URL(hub.url).host;
    const get = async (target: string): Promise<Parsed> =>
      parse(
        await hub.raw(
          `${[`GET ${target} HTTP/1.1`, `Host: ${host()}`, ...sdk.headers].join('\r\n')}\r\n\r\n`,
        ),
      );
    const post = async (target: string, contentType: string, body: string): Promise<Parsed> =>
      parse(
        await hub.raw(
          `${[
            `POST ${target} HTTP/1.1`,
            `Host: ${host()}`,
            ...sdk.headers,
            `Content-Type: ${contentType}`,
            `Content-Length: ${body.length}`,
          ].join('\r\n')}\r\n\r\n${body}`,
        ),
      );

    const askToken = async (): Promise<string> => {
      const { errcode, access_token: token, expires_in: seconds } = await get(sdk.token(appid, HUB_KEY));
      expect(errcode).toBeUndefined();
      expect(seconds).toBeGreaterThan(sdk.needs?.moreSecondsThan ?? 0);
      return token ?? '';
    };
    /** A call through the gateway's transparent form; all of them have this one. */
    const call = (token: string): Promise<Parsed> => get(`/cgi-bin/getcallbackip?access_token=${token}`);
    /** What a call at WeChat itself would show, for SDKs of which only the token comes from the hub. */
    const works = (token: string): boolean => hub.wechat.isAlive(token);

    it('gets a living token', async () => {
      expect(hub.wechat.isAlive(await askToken())).toBe(true);
    });

    const { stable } = sdk;
    if (stable !== undefined) {
      it('gets the same one as stable token', async () => {
        const answer = await post('/cgi-bin/stable_token', stable.contentType, stable.body(appid, HUB_KEY));
        expect(answer.access_token).toBe(await askToken());
      });
    }

    it('gets a ticket', async () => {
      const { errcode, ticket, expires_in: seconds } = await get(sdk.ticket(await askToken()));
      // nest-wechat and PowerWeChat want it to be there, the others not to be anything else.
      expect(errcode).toBe(0);
      expect(hub.wechat.isAlive(ticket ?? '')).toBe(true);
      expect(seconds).toBeGreaterThan(sdk.needs?.moreSecondsThan ?? 0);
    });

    it('sees an error as errcode with HTTP status 200', async () => {
      expect((await get(sdk.token(appid, 'no-such-key-00000000000000000000000'))).errcode).toBe(40125);
      expect((await get(sdk.token('wx-unknown', HUB_KEY))).errcode).toBe(40013);
      expect((await get(sdk.ticket('never-served'))).errcode).toBe(40001);
      expect((await call('never-served')).errcode).toBe(40001);
    });

    it('calls through the gateway, also with a token that has died', async () => {
      const token = await askToken();
      expect(await call(token)).toHaveProperty('ip_list');
      hub.wechat.killToken(appid, tokenApi);
      expect(await call(token)).toHaveProperty('ip_list');
      expect(hub.wechat.mints({ appid })).toBe(2);
    });

    if (sdk.onDeadToken === 'asks again until it works') {
      it('needs two requests to get rid of a dead token', async () => {
        let token = await askToken();
        await hub.pass(3_600_000);
        hub.wechat.killToken(appid, tokenApi);
        let asked = 0;
        while (!works(token) && asked < 487) {
          token = await askToken();
          asked += 1;
        }
        expect(asked).toBe(2);
      });
    }

    if (sdk.onDeadToken === 'asks again once') {
      it('gets rid of a dead token with the second call that fails', async () => {
        let token = await askToken();
        await hub.pass(3_600_000);
        hub.wechat.killToken(appid, tokenApi);
        const callOrAskOnce = async (): Promise<boolean> => {
          if (works(token)) return true;
          token = await askToken();
          return works(token);
        };
        // The first time that it asks in 10 s is not asking again: the hub cannot know yet.
        expect(await callOrAskOnce()).toBe(false);
        await hub.pass(5_000);
        expect(await callOrAskOnce()).toBe(true);
      });
    }
  });
});
