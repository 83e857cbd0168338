import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Arrived {
  readonly method: string;
  /** As it came. */
  readonly url: string;
  /** Flat, as it came. */
  readonly rawHeaders: readonly string[];
  /** Resolves with the body when it has come; rejects if the other side goes away before. */
  readonly body: Promise<Buffer>;
  /** Resolves when the connection is gone, or the answer has left. */
  readonly over: Promise<void>;
}

export type Script = (request: IncomingMessage, response: ServerResponse, nth: number) => void;

const TOKEN = 'SCRIPTED-token';

/**
 * An upstream whose answers a test writes by hand, and that keeps everything that arrives. It grants tokens
 * (`SCRIPTED-token-1`, a new one after {@link rotate}) at /cgi-bin/stable_token.
 */
export class ScriptedUpstream {
  /** All but requests for tokens, which end in /cgi-bin/stable_token. */
  readonly arrived: Arrived[] = [];
  /** Connections that asked for a tunnel or another protocol. */
  tunnels = 0;
  grants = 0;
  #tokens = 1;
  readonly #waiting = new Set<() => void>();

  private constructor(
    private readonly server: Server,
    public script: Script,
  ) {}

  static async start(script: Script = ok()): Promise<ScriptedUpstream> {
    const server = createServer({ keepAliveTimeout: 120_000 });
    const upstream = new ScriptedUpstream(server, script);
    server.on('request', (request, response) => {
      upstream.#take(request, response);
    });
    for (const event of ['connect', 'upgrade']) server.on(event, () => (upstream.tunnels += 1));
    await new Promise<void>((resolve) =>
      server.listen({ port: 0, host: '127.0.0.1', backlog: 2048 }, resolve),
    );
    return upstream;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get token(): string {
    return `${TOKEN}-${this.#tokens}`;
  }

  /** From now on another token is granted. */
  rotate(): void {
    this.#tokens += 1;
  }

  /** The `nth` request, from 1, when it is there. */
  async request(nth: number): Promise<Arrived> {
    while (this.arrived.length < nth) await new Promise<void>((resolve) => this.#waiting.add(resolve));
    return this.arrived[nth - 1]!;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    if (request.url?.endsWith('/cgi-bin/stable_token') === true) {
      this.grants += 1;
      request.resume();
      json({ access_token: this.token, expires_in: 7200 })(request, response, 0);
      return;
    }
    const chunks: Buffer[] = [];
    const body = new Promise<Buffer>((resolve, reject) => {
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => resolve(Buffer.concat(chunks)));
      request.on('close', () => reject(new Error('the request broke off')));
      request.on('error', reject);
    });
    body.catch(() => undefined);
    response.on('error', () => undefined);
    this.arrived.push({
      method: request.method ?? '',
      url: request.url ?? '',
      rawHeaders: request.rawHeaders,
      body,
      over: new Promise((resolve) => response.once('close', resolve)),
    });
    for (const wake of [...this.#waiting]) wake();
    this.#waiting.clear();
    this.script(request, response, this.arrived.length);
  }
}

/** Status 200 and JSON, when the request has come. */
export function json(body: object, headers: Record<string, string> = {}): Script {
  return (request, response) => {
    const text = JSON.stringify(body);
    const send = (): void => {
      response.writeHead(200, {
        'content-type': 'application/json; encoding=utf-8',
        'content-length': Buffer.byteLength(text),
        ...headers,
      });
      response.end(text);
    };
    if (request.complete || request.readableEnded) send();
    else request.once('end', send);
  };
}

export function ok(): Script {
  return json({ errcode: 0, errmsg: 'ok' });
}
