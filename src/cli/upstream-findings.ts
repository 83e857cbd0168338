import { Agent, request } from 'undici';
import type { HubEnvironment } from '../config/environment/environment.js';
import type { AppSettings } from '../core/app.js';
import { baseUrlOf, KINDS } from '../core/kinds/kinds.js';
import { connectorFor } from '../wechat-client/outbound.js';
import type { Finding } from './finding.js';

/** A difference of the clocks that is worth a word. Lifetimes are not counted by the wall clock, key expiry is. */
const CLOCK_TOLERANCE_MS = 30_000;
/** Each upstream that the apps use; without any, WeChat's own. */
export async function checkUpstreams(
  { environment, apps }: { readonly environment: HubEnvironment; readonly apps: readonly AppSettings[] },
  found: (finding: Finding) => void,
): Promise<void> {
  const settings = new Map<string, string>();
  for (const app of apps) {
    const { baseUrlVariable } = KINDS[app.kind];
    const setting = app.baseUrl === undefined ? baseUrlVariable : `the baseUrl of ${app.appid}`;
    const url = baseUrlOf(app, environment);
    if (!settings.has(url)) settings.set(url, setting);
  }
  if (settings.size === 0) settings.set(environment.wechatBaseUrl, KINDS.wechat.baseUrlVariable);
  for (const [url, setting] of settings) await checkUpstream(environment, url, setting, found);
}

/** DNS, connection, TLS and the clock, by one request without credentials. */
async function checkUpstream(
  environment: HubEnvironment,
  url: string,
  setting: string,
  found: (finding: Finding) => void,
): Promise<void> {
  const isWeChat = url === environment.wechatBaseUrl;
  const isWeCom = url === environment.wecomBaseUrl;
  const what = isWeChat ? 'way to WeChat' : isWeCom ? 'way to WeCom' : `way to ${new URL(url).host}`;
  const agent = new Agent({ connect: connectorFor(environment.wechatTimeoutMs, environment.outboundProxy) });
  try {
    const sentAt = Date.now();
    const { headers, body } = await request(`${url}${isWeChat ? '/cgi-bin/token' : '/cgi-bin/gettoken'}`, {
      dispatcher: agent,
      headersTimeout: environment.wechatTimeoutMs,
      bodyTimeout: environment.wechatTimeoutMs,
    });
    await body.dump();
    const tookMs = Date.now() - sentAt;
    found({ what, result: 'ok', detail: `${url} answers in ${tookMs} ms` });
    checkClock(headers.date, found);
  } catch (error) {
    const { code = 'no answer' } = error as { code?: string };
    found({
      what,
      result: 'problem',
      detail: `${url} cannot be reached (${code})`,
      fix: code.startsWith('PROXY_')
        ? 'check HUB_OUTBOUND_PROXY: host, port, user and password, and whether the proxy lets CONNECT through to it'
        : `check DNS, the firewall and proxies between here and there, and ${setting}`,
    });
  } finally {
    await agent.destroy();
  }
}

function checkClock(date: string | string[] | undefined, found: (finding: Finding) => void): void {
  const theirs = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  if (Number.isNaN(theirs)) return;
  const apartMs = Math.abs(Date.now() - theirs);
  const wrong = apartMs > CLOCK_TOLERANCE_MS;
  found({
    what: 'clock',
    result: wrong ? 'warning' : 'ok',
    detail: `${Math.round(apartMs / 1000)} s apart from the clock of WeChat's servers`,
    fix: wrong ? 'set the clock (NTP): the expiry of client keys is judged by it' : undefined,
  });
}
