import { createServer, type AddressInfo } from 'node:net';

/** A port of the loopback that nobody uses just now. `below`: the highest that will do. */
export async function freePort(below = 65_535): Promise<number> {
  for (;;) {
    const server = createServer();
    const port = await new Promise<number>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    });
    await new Promise((resolve) => server.close(resolve));
    if (port <= below) return port;
  }
}
