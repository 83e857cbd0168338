import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/**
 * A TCP server on loopback that plays an HTTP server byte by byte, so that it can misbehave in every way.
 * It takes what comes for a request once the blank line and the announced body are there.
 */
export class RawServer {
  /** Each complete request, as text. */
  readonly requests: string[] = [];
  /** Connections ever accepted. */
  connections = 0;
  /** Connections ended or reset by the other side or this one. */
  closed = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #waiting = new Set<() => void>();

  /** @param answer what happens on the request of the given number, from 1. */
  constructor(private readonly answer: (socket: Socket, nth: number) => void) {
    this.#server = createServer((socket) => {
      this.#accept(socket);
    });
  }

  static async start(answer: string | ((socket: Socket, nth: number) => void)): Promise<RawServer> {
    const server = new RawServer(typeof answer === 'string' ? (socket) => socket.write(answer) : answer);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resolves once `condition` holds, looked at on each event of the server. */
  async until(condition: (server: this) => boolean): Promise<void> {
    if (condition(this)) return;
    await new Promise<void>((resolve) => {
      const look = () => {
        if (!condition(this)) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
    });
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    this.connections++;
    this.#sockets.add(socket);
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const head = text.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      if (head >= 0 && text.length >= head + 4 + length) {
        this.requests.push(text);
        text = '';
        this.answer(socket, this.requests.length);
      }
      this.#tell();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed++;
      this.#sockets.delete(socket);
      this.#tell();
    });
    this.#tell();
  }

  #tell(): void {
    for (const look of [...this.#waiting]) look();
  }
}

/** An HTTP answer with its length. */
export function http(body: string, status = '200 OK', headers = ''): string {
  return `HTTP/1.1 ${status}\r\ncontent-type: application/json; encoding=utf-8\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
