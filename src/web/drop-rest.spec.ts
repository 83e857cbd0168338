import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { jest } from '@jest/globals';
import { dropRest } from './drop-rest.js';

describe('what still comes of a request that was answered', () => {
  let server: Server;

  beforeEach(async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'] });
    server = createServer((request, response) => {
      response.once('finish', () => {
        if (!request.complete) dropRest(request);
      });
      response.end('answer');
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });

  afterEach(() => {
    jest.useRealTimers();
    server.close();
    server.closeAllConnections();
  });

  const send = async (text: string): Promise<Socket> => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write(text);
    await once(socket, 'data');
    return socket;
  };

  it('is waited for a while, and then the connection is closed', async () => {
    const socket = await send('GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\na');
    const closed = new Promise((resolve) => socket.on('error', () => undefined).on('close', resolve));
    socket.write('a');
    jest.advanceTimersByTime(9_999);
    expect(socket.destroyed).toBe(false);
    jest.advanceTimersByTime(1);
    await closed;
  });

  it('does not matter where all of it comes: the connection serves on', async () => {
    const socket = await send('GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\na');
    socket.write('aGET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await once(socket, 'data');
    jest.advanceTimersByTime(20_000);
    socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await once(socket, 'data');
    socket.destroy();
  });
});
