import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { isPublicAddress } from '../core/access/public-address.js';
import { Secret } from '../core/secret.js';
import { publicConnectorFor } from './public-connector.js';

describe('public addresses', () => {
  it.each([
    ...[
      '8.8.8.8',
      '1.1.1.1',
      '172.32.0.1',
      '100.128.0.1',
      '2606:4700::1111',
      '2400:3200::1',
      '::ffff:8.8.8.8',
    ],
  ])('%s is one', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    ...['10.0.0.1', '127.0.0.1', '127.255.255.254', '169.254.169.254', '172.16.0.1', '172.31.255.255'],
    ...[
      '192.168.1.1',
      '100.64.0.1',
      '100.100.100.200',
      '0.0.0.0',
      '224.0.0.1',
      '255.255.255.255',
      '198.18.0.1',
    ],
    ...['::', '::1', 'fe80::1', 'fc00::1', 'fd00:ec2::254', 'ff02::1', '::ffff:10.0.0.1', '::ffff:a00:1'],
    ...[
      '64:ff9b::a00:1',
      '2002:a00:1::1',
      '2001:0:a00:1::',
      '2001:db8::1',
      'localhost',
      '',
      '10.1',
      '0x7f000001',
    ],
  ])('%s is none', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('publicConnectorFor', () => {
  /** What a connector says of a host on whose port somebody listens, and how often that one was called. */
  async function connected(hostname: string, proxied = false): Promise<[string | undefined, number]> {
    let calls = 0;
    const server = createServer((socket) => {
      calls += 1;
      socket.destroy();
    }).listen(0, 'localhost');
    await once(server, 'listening');
    const port = String((server.address() as AddressInfo).port);
    const proxy = proxied ? new Secret(`http://localhost:${port}`) : undefined;
    const options = { hostname, host: `${hostname}:${port}`, port, protocol: 'https:' };
    const code = await new Promise<string | undefined>((resolve) => {
      publicConnectorFor(2000, proxy)(options, (...[error]) => {
        resolve((error as { code?: string } | null)?.code);
      });
    });
    server.close();
    await once(server, 'close');
    return [code, calls];
  }

  it.each(['localhost', '127.0.0.1', '[::1]', '127.1', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]'])(
    'never connects to %s, nor asks a proxy to',
    async (hostname) => {
      expect(await connected(hostname)).toEqual([expect.stringMatching(/^(ADDRESS_NOT_PUBLIC|E)/), 0]);
      expect(await connected(hostname, true)).toEqual([expect.stringMatching(/^(ADDRESS_NOT_PUBLIC|E)/), 0]);
    },
  );

  it('has a proxy connect to a public address', async () => {
    const [code, calls] = await connected('8.8.8.8', true);
    expect([code, calls]).toEqual([expect.stringMatching(/^PROXY_/), 1]);
  });
});
