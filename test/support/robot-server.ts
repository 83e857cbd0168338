import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import type { TargetType } from '../../src/notices/notice.js';

export interface RobotMessage {
  /** Heading and text, as a reader sees them. */
  readonly text: string;
  // Tests look into messages as they come.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
  readonly headers: IncomingMessage['headers'];
}

export type RobotFault =
  /** HTTP status 200 with the robot's own error. */
  | { readonly code: number; readonly message: string }
  | { readonly status: number; readonly retryAfter?: number }
  | 'silent';

/** PEM. */
export interface RobotTls {
  readonly key: string;
  readonly cert: string;
}

/** The query or path that makes a URL a secret. */
const KEYS: Readonly<Record<TargetType, string>> = {
  wecom: '/cgi-bin/webhook/send?key=robot-key-of-wecom',
  dingtalk: '/robot/send?access_token=robot-token-of-dingtalk',
  feishu: '/open-apis/bot/v2/hook/robot-hook-of-feishu',
  webhook: '/hooks/robot-path-of-webhook',
};

/**
 * Plays the group robots of WeCom, DingTalk and Feishu, and a webhook: takes what they take, checks signatures and
 * forms as their documents say, and answers as they do (HTTP 200 with a code, but for the webhook).
 */
export class RobotServer {
  readonly messages: RobotMessage[] = [];
  /** Why messages were refused. */
  readonly refusals: string[] = [];
  readonly #faults: RobotFault[] = [];
  attempts = 0;
  /** `webhook-id` of each attempt that had one. */
  readonly ids: string[] = [];
  /** Messages that it keeps waiting. */
  held = 0;

  private constructor(
    readonly type: TargetType,
    private readonly server: Server,
    private readonly secret: string | undefined,
    private readonly now: () => number,
    private readonly scheme: 'http' | 'https',
  ) {}

  /** @param now Epoch ms: signatures are good for an hour around it. */
  static async start(
    type: TargetType,
    now: () => number,
    secret?: string,
    tls?: RobotTls,
  ): Promise<RobotServer> {
    const server = tls === undefined ? createServer() : createTlsServer(tls);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const robot = new RobotServer(type, server, secret, now, tls === undefined ? 'http' : 'https');
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void robot.#serve(request, response);
    });
    return robot;
  }

  get url(): string {
    return `${this.scheme}://127.0.0.1:${(this.server.address() as AddressInfo).port}${KEYS[this.type]}`;
  }

  /** An entry of `notify`. */
  entry(rest: Record<string, unknown> = {}): Record<string, unknown> {
    return {
      type: this.type,
      url: this.url,
      ...(this.secret === undefined ? {} : { secret: this.secret }),
      ...rest,
    };
  }

  /** For the next messages, one each. */
  fail(...faults: RobotFault[]): void {
    this.#faults.push(...faults);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    this.attempts += 1;
    const id = request.headers['webhook-id'];
    if (typeof id === 'string') this.ids.push(id);
    const fault = this.#faults.shift();
    if (fault === 'silent') {
      this.held += 1;
      response.once('close', () => (this.held -= 1));
      return;
    }
    const text = Buffer.concat(chunks).toString('utf8');
    const refusal = this.#refusalOf(request, text);
    if (fault === undefined && refusal === undefined) {
      const body = JSON.parse(text);
      this.messages.push({ text: readable(this.type, body), body, headers: request.headers });
    }
    if (refusal !== undefined) this.refusals.push(refusal);
    const { status, answer, headers } = this.#answer(fault, refusal);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(answer);
  }

  #answer(fault: Exclude<RobotFault, 'silent'> | undefined, refusal: string | undefined) {
    if (fault !== undefined && 'status' in fault) {
      const headers = fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) };
      return { status: fault.status, answer: 'no', headers };
    }
    const code = fault?.code ?? (refusal === undefined ? 0 : 99);
    const words = fault?.message ?? refusal ?? 'ok';
    if (this.type === 'webhook') return { status: code === 0 ? 204 : 401, answer: undefined, headers: {} };
    const said = this.type === 'feishu' ? { code, msg: words, data: {} } : { errcode: code, errmsg: words };
    return { status: 200, answer: JSON.stringify(said), headers: {} };
  }

  #refusalOf(request: IncomingMessage, text: string): string | undefined {
    const url = new URL(request.url ?? '', 'http://robot');
    if (request.method !== 'POST') return 'not a POST';
    if (request.headers['content-type']?.startsWith('application/json') !== true) return 'not JSON';
    const expected = new URL(KEYS[this.type], 'http://robot');
    if (url.pathname !== expected.pathname) return 'wrong path';
    for (const [name, value] of expected.searchParams)
      if (url.searchParams.get(name) !== value) return 'wrong key';
    return this.#signatureFlaw(url, request.headers, text) ?? this.#formFlaw(JSON.parse(text), text);
  }

  #signatureFlaw(url: URL, headers: IncomingMessage['headers'], text: string): string | undefined {
    const { secret } = this;
    if (secret === undefined) return undefined;
    switch (this.type) {
      case 'dingtalk': {
        const timestamp = url.searchParams.get('timestamp') ?? '';
        if (!this.#isCurrent(Number(timestamp))) return 'timestamp';
        const sign = createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64');
        return url.searchParams.get('sign') === sign ? undefined : 'sign not match';
      }
      case 'feishu': {
        const { timestamp, sign } = JSON.parse(text) as { timestamp?: string; sign?: string };
        if (!this.#isCurrent(Number(timestamp) * 1000)) return 'timestamp';
        const expected = createHmac('sha256', `${String(timestamp)}\n${secret}`)
          .update('')
          .digest('base64');
        return sign === expected ? undefined : 'sign match fail';
      }
      case 'webhook': {
        const timestamp = String(headers['webhook-timestamp']);
        if (!this.#isCurrent(Number(timestamp) * 1000)) return 'timestamp';
        // Not its `verify`, which holds the time against the machine's clock: tests have one of their own.
        const options = secret.startsWith('whsec_') ? undefined : ({ format: 'raw' } as const);
        const id = String(headers['webhook-id']);
        const expected = new Webhook(secret, options).sign(id, new Date(Number(timestamp) * 1000), text);
        return headers['webhook-signature'] === expected ? undefined : 'signature';
      }
      case 'wecom':
        return undefined;
    }
  }

  #isCurrent(time: number): boolean {
    return Math.abs(time - this.now()) < 3_600_000;
  }

  #formFlaw(body: Readonly<Record<string, unknown>>, text: string): string | undefined {
    const bytes = Buffer.byteLength(readable(this.type, body));
    if (bytes === 0) return 'empty';
    if (this.type === 'wecom' && (body.msgtype !== 'markdown' || bytes > 4096)) return 'markdown content';
    if (this.type === 'dingtalk' && (body.msgtype !== 'markdown' || Buffer.byteLength(text) > 20_000))
      return 'markdown';
    if (this.type === 'feishu' && (body.msg_type !== 'interactive' || Buffer.byteLength(text) > 20_480))
      return 'card';
    return undefined;
  }
}

// As for RobotMessage.body.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
function readable(type: TargetType, body: any): string {
  switch (type) {
    case 'wecom':
      return String(body.markdown?.content ?? '');
    case 'dingtalk':
      return `${String(body.markdown?.title ?? '')}\n${String(body.markdown?.text ?? '')}`;
    case 'feishu':
      return `${String(body.card?.header?.title?.content ?? '')}\n${String(body.card?.elements?.[0]?.content ?? '')}`;
    case 'webhook':
      return `${String(body.title ?? '')}\n${String(body.text ?? '')}`;
  }
}
