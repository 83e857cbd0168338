import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What a hub does with a report, as the contract names it. */
export interface ReportAnswer {
  readonly outcome: string;
  readonly token: string;
  readonly version: number;
}

/**
 * A server that speaks the hub's contract for one app, over real sockets, and does as a test tells it: the library's
 * counterpart for what a healthy hub does not do on demand.
 */
export class ContractHub {
  readonly requests: SeenRequest[] = [];
  token = 'token-1';
  version = 1;
  expiresIn = 7200;
  /** Reports of the current token by default bring the next one. */
  onReport: (token: string, errcode: unknown) => ReportAnswer = (token) => {
    if (token !== this.token) return { outcome: 'superseded', token: this.token, version: this.version };
    this.rotate();
    return { outcome: 'refreshed', token: this.token, version: this.version };
  };
  /** Takes a request over: answers it itself and returns true. */
  onRequest: (request: SeenRequest, response: ServerResponse) => boolean = () => false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #polls = new Set<() => void>();

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(): Promise<ContractHub> {
    const hub = new ContractHub();
    await new Promise<void>((resolve) => hub.#server.listen(0, '127.0.0.1', resolve));
    return hub;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  rotate(token = `token-${this.version + 1}`, version = this.version + 1): void {
    this.token = token;
    this.version = version;
    for (const wake of [...this.#polls]) wake();
  }

  count(method: string, path: string): number {
    return this.requests.filter((request) => request.method === method && request.path === path).length;
  }

  /** Long-polls that wait at this moment. */
  get waiting(): number {
    return this.#polls.size;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of incoming) body += String(chunk);
    const path = incoming.url ?? '';
    const request = { method: incoming.method ?? '', path, headers: incoming.headers, body };
    this.requests.push(request);
    if (this.onRequest(request, response)) return;
    if (path.endsWith('/token')) this.#serveToken(request, response);
    else if (path.endsWith('/token/reject')) this.#serveReport(body, response);
    else if (path.includes('/tickets/'))
      json(response, 200, { ticket: `ticket-of-${path.split('/').at(-1)}`, expires_in: 7000, version: 3 });
    else if (path.endsWith('/jssdk-signature'))
      json(response, 200, {
        appId: 'wx-1',
        timestamp: 1767225600,
        nonceStr: 'n',
        signature: 'ab'.repeat(20),
      });
    else problem(response, 404, 'HUB_NOT_FOUND');
  }

  #serveReport(body: string, response: ServerResponse): void {
    const { access_token, errcode } = JSON.parse(body) as { access_token: string; errcode?: unknown };
    const { outcome, token, version } = this.onReport(access_token, errcode);
    json(response, 200, { access_token: token, expires_in: this.expiresIn, version, outcome });
  }

  #serveToken(request: SeenRequest, response: ServerResponse): void {
    const asked = request.headers['if-none-match'];
    const current = (): boolean => asked === `"${this.version}"`;
    const answer = (): void => {
      this.#polls.delete(answer);
      clearTimeout(timer);
      if (current()) response.writeHead(304).end();
      else
        json(response, 200, { access_token: this.token, expires_in: this.expiresIn, version: this.version });
    };
    const wait = /wait=(\d+)/.exec(String(request.headers.prefer ?? ''))?.[1];
    const timer = setTimeout(answer, current() && wait !== undefined ? Number(wait) * 1000 : 0);
    if (!current() || wait === undefined) answer();
    else {
      this.#polls.add(answer);
      response.on('close', () => {
        clearTimeout(timer);
        this.#polls.delete(answer);
      });
    }
  }
}

export function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}

export function problem(
  response: ServerResponse,
  status: number,
  code: string,
  { headers = {}, ...members }: { headers?: Record<string, string>; [member: string]: unknown } = {},
): void {
  response
    .writeHead(status, { 'content-type': 'application/problem+json', 'x-request-id': 'r-1', ...headers })
    .end(JSON.stringify({ type: 'about:blank', title: code, status, code, requestId: 'r-1', ...members }));
}

/** Looks until `condition` holds; a test that waits in vain is told after 5 s. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what = 'the condition',
): Promise<void> {
  const end = performance.now() + 5000;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`${what} did not come true within 5 s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
