import { APPS, SdkHub, type App, type Covered } from './sdk-hub.js';

/** An SDK, pointed at a hub as docs/sdks.md says. */
export interface Sdk {
  /** By `GET /cgi-bin/token`, from the SDK's own cache where it has one. */
  token(): Promise<string>;
  /** By `POST /cgi-bin/stable_token`, for SDKs that have it. */
  stableToken?(): Promise<string>;
  /** For the JS-SDK of a page. */
  signature(url: string): Promise<PageSignature>;
  /** A call that posts JSON; its answer has `errcode`. */
  call(): Promise<unknown>;
  /** What a user does about 40001, for SDKs that do nothing by themselves. */
  renew?(): Promise<unknown>;
  /** It asks again once about 40001, which is too early for the hub to know; the next call's asking is understood. */
  readonly healsWithNextCall?: boolean;
  close?(): Promise<void>;
}

export interface PageSignature {
  readonly appId?: string;
  readonly timestamp: string | number;
  readonly nonceStr: string;
  readonly signature: string;
}

const PAGE = 'https://shop.example.com/cart?from=menu';
/** No token lasts longer than 2 h, and none is renewed within the first. */
const AN_HOUR_MS = 3_600_000;

/** What every SDK must be able to do with a hub. */
export function describeSdk(
  name: string,
  connect: (hub: SdkHub, appid: string, covered: Covered) => Sdk | Promise<Sdk>,
): void {
  describe.each(APPS)(`${name}, an app with tokenApi $tokenApi`, ({ appid, tokenApi }: App) => {
    let hub: SdkHub;
    let opened: Sdk[];

    beforeEach(async () => {
      opened = [];
      hub = await SdkHub.start();
    });
    afterEach(async () => {
      for (const sdk of opened) await sdk.close?.();
      await hub.stop();
    });

    const connected = async (covered: Covered): Promise<Sdk> => {
      const sdk = await connect(hub, appid, covered);
      opened.push(sdk);
      return sdk;
    };

    it('gets the hub’s token, without another mint', async () => {
      const sdk = await connected('tokens');
      const tokens = [await sdk.token(), (await sdk.stableToken?.()) ?? (await sdk.token())];
      expect(new Set(tokens).size).toBe(1);
      expect(hub.wechat.isAlive(tokens[0] ?? '')).toBe(true);
      expect(hub.wechat.mints({ appid })).toBe(1);
    });

    it('signs pages with the hub’s ticket', async () => {
      const sdk = await connected('tokens');
      const { appId = appid, nonceStr, timestamp, signature } = await sdk.signature(PAGE);
      expect(appId).toBe(appid);
      expect(signature).toBe(await hub.signatureOf(appid, PAGE, nonceStr, String(timestamp)));
      expect(hub.wechat.calls({ endpoint: 'getticket' })).toBe(1);
    });

    it.each<Covered>(['tokens', 'everything'])('calls WeChat (to the hub: %s)', async (covered) => {
      const sdk = await connected(covered);
      expect(await sdk.call()).toMatchObject({ errcode: 0 });
      expect(hub.callOutcomes(appid)).toEqual(['ok']);
    });

    describe('after its token died at WeChat', () => {
      it('gets a living one by asking again', async () => {
        const sdk = await connected('tokens');
        await sdk.call();
        await hub.pass(AN_HOUR_MS);
        hub.wechat.killToken(appid, tokenApi);
        if (sdk.renew !== undefined || sdk.healsWithNextCall === true) {
          expect(await sdk.call()).toMatchObject({ errcode: 40001 });
          await sdk.renew?.();
        }
        expect(await sdk.call()).toMatchObject({ errcode: 0 });
        expect(hub.wechat.mints({ appid })).toBe(2);
      });

      it('notices nothing where everything goes through the hub', async () => {
        const sdk = await connected('everything');
        await sdk.call();
        await hub.pass(AN_HOUR_MS);
        hub.wechat.killToken(appid, tokenApi);
        expect(await sdk.call()).toMatchObject({ errcode: 0 });
        const more = await Promise.all(Array.from({ length: 20 }, () => sdk.call()));
        for (const answer of more) expect(answer).toMatchObject({ errcode: 0 });
        // The one call that found out; the SDK goes on sending the dead token, and WeChat never sees it again.
        expect(hub.callOutcomes(appid).filter((outcome) => outcome !== 'ok')).toEqual(['errcode:40001']);
        expect(hub.wechat.mints({ appid })).toBe(2);
      });
    });

    it('sends no dead token to WeChat across a rotation, where everything goes through the hub', async () => {
      const sdk = await connected('everything');
      const before = await sdk.token();
      await sdk.call();
      // The hub has renewed it, and its five minutes of overlap are over; the SDK's own clock stands still.
      await hub.pass(2 * AN_HOUR_MS);
      expect(hub.wechat.isAlive(before)).toBe(false);
      expect(await sdk.call()).toMatchObject({ errcode: 0 });
      expect(hub.callOutcomes(appid)).toEqual(['ok', 'ok']);
    });
  });
}
