import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * One hub's own way to the upstream: bytes pass as they are, and a test sees what this hub waits for. A hub that is
 * killed is gone for the upstream too; one that is stopped keeps its connections.
 */
export class UpstreamLine {
  /** Requests that came over it so far. */
  requests = 0;
  readonly #sockets = new Set<Socket>();
  /** First lines of the requests that have no answer yet, by connection. */
  readonly #waiting = new Map<Socket, string>();

  private constructor(
    readonly url: string,
    private readonly server: Server,
  ) {}

  static async start(upstream: string): Promise<UpstreamLine> {
    const { hostname, port } = new URL(upstream);
    const server = createServer((socket) => {
      line.#join(socket, connect(Number(port), hostname));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const line: UpstreamLine = new UpstreamLine(
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      server,
    );
    return line;
  }

  /** Whether a request for this path is under way. */
  waitsFor(path: string): boolean {
    return [...this.#waiting.values()].some((request) => request.split(/[ ?]/)[1] === path);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #join(hub: Socket, upstream: Socket): void {
    hub.setNoDelay(true);
    upstream.setNoDelay(true);
    for (const [socket, other] of [
      [hub, upstream],
      [upstream, hub],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        this.#waiting.delete(hub);
        other.destroy();
      });
    }
    hub.on('data', (bytes) => {
      const [first = ''] = bytes.toString('latin1').split('\r\n', 1);
      if (/^[A-Z]+ \/.* HTTP\/1\.1$/.test(first)) {
        this.requests += 1;
        this.#waiting.set(hub, first);
      }
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      this.#waiting.delete(hub);
      hub.write(bytes);
    });
  }
}
