import { createHash } from 'node:crypto';
import type { WeChatSimulator } from '../../src/simulator/simulator.js';
import type { RawAnswer } from '../support/raw-request.js';
import { bearer, testKey } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';
import { LookupWatch } from './loopback-only.js';

/** What a backend puts where its SDK wants the AppSecret. */
export const HUB_KEY = testKey('sdk');
/** The same with `gateway`, for SDKs that can put it into a header of every call. */
export const GATEWAY_KEY = testKey('calls');

export const APPS = [
  { appid: 'wx-classic', secret: 'simulated-secret-of-the-classic-app', tokenApi: 'token' },
  { appid: 'wx-stable', secret: 'simulated-secret-of-the-stable-app', tokenApi: 'stable_token' },
] as const;
export type App = (typeof APPS)[number];

/**
 * What of an SDK goes to the hub: `everything`, by the gateway's transparent form, or its tokens and tickets alone,
 * while the calls themselves go to WeChat.
 */
export type Covered = 'everything' | 'tokens';

export const CLIENTS = [
  { id: 'backend', key: HUB_KEY, apps: '*', may: ['read', 'report', 'login'] },
  { id: 'backend-with-header', key: GATEWAY_KEY, apps: '*', may: ['read', 'report', 'gateway'] },
  // Most SDKs' calls carry no key, only the token: what admits them to the gateway is their address.
  { id: 'backend-calls', allowIps: ['127.0.0.1'], apps: '*', may: ['gateway'] },
];

/** A hub and a WeChat for SDKs: time stands still, sockets are real, and nothing but the loopback is used. */
export class SdkHub {
  private constructor(
    private readonly virtual: VirtualHub,
    private readonly lookups: LookupWatch,
  ) {}

  static async start(): Promise<SdkHub> {
    const lookups = new LookupWatch();
    // The access log holds every request, for the watch over leaks: SDKs put their key into the URL.
    const environment = { HUB_ACCESS_LOG: 'all' };
    return new SdkHub(await VirtualHub.start({ apps: APPS, clients: CLIENTS, environment }), lookups);
  }

  /** @throws {Error} where a secret was logged or a host name was looked up. */
  async stop(): Promise<void> {
    this.lookups.end();
    await this.virtual.stop();
    if (this.lookups.names.length > 0) throw new Error(`looked up: ${this.lookups.names.join(', ')}`);
  }

  get url(): string {
    return this.virtual.hub.url;
  }

  /** Sends bytes as they are. */
  raw(bytes: string): Promise<RawAnswer> {
    return this.virtual.hub.raw(bytes);
  }

  /** What the test holds for https://api.weixin.qq.com. */
  get wechat(): WeChatSimulator {
    return this.virtual.simulator;
  }

  /** Where an SDK sends its calls. */
  callsGoTo(covered: Covered): string {
    return covered === 'everything' ? this.url : this.wechat.url;
  }

  pass(ms: number): Promise<void> {
    return this.virtual.pass(ms);
  }

  /** How the calls ended at WeChat that were none for tokens or tickets, of one app or of all, oldest first. */
  callOutcomes(appid?: string): string[] {
    return this.wechat.journal({ endpoint: 'business', appid }).map(({ outcome }) => outcome);
  }

  /** The signature that WeChat expects of a page (JS-SDK, appendix 1). */
  async signatureOf(appid: string, url: string, nonceStr: string, timestamp: string): Promise<string> {
    const { json } = await this.virtual.hub.get(`/v1/apps/${appid}/tickets/jsapi`, bearer(HUB_KEY));
    const signed = `jsapi_ticket=${String(json.ticket)}&noncestr=${nonceStr}&timestamp=${timestamp}&url=${url}`;
    return createHash('sha1').update(signed).digest('hex');
  }
}
