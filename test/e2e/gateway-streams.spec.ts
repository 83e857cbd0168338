import { connect, type Socket } from 'node:net';
import { Readiness } from '../../src/web/readiness.js';
import { WeChatSimulator } from '../../src/simulator/simulator.js';
import { eventually } from '../support/eventually.js';
import { ok, ScriptedUpstream, type Script } from '../support/scripted-upstream.js';
import { bearer, startHub, testKey, type RunningHub } from '../support/start-hub.js';

const KEY = testKey('gateway');
const APP = { appid: 'wx-shop', secret: 'simulated-secret-shop' };
const CLIENTS = [
  { id: 'gateway', key: KEY, apps: '*', may: ['gateway', 'read'], requestsPerMinute: 1_000_000 },
];
const PATH = '/v1/apps/wx-shop/wechat/wxa/x';
const MIB = 1024 * 1024;

let upstream: ScriptedUpstream;
let hub: RunningHub;
const sockets: Socket[] = [];

beforeEach(async () => {
  upstream = await ScriptedUpstream.start();
  hub = await startHub({
    upstream: upstream.url,
    apps: [APP],
    clients: CLIENTS,
    environment: { HUB_GATEWAY_TIMEOUT_MS: '1500' },
  });
  await hub.get('/v1/apps/wx-shop/token', bearer(KEY));
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await hub.stop();
  await upstream.stop();
});

const open = (): Socket => {
  const socket = connect(hub.port, '127.0.0.1');
  socket.on('error', () => undefined);
  sockets.push(socket);
  return socket;
};
const head = (more = '', method = 'GET') =>
  `${method} ${PATH} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${KEY}\r\n${more}\r\n`;
const textOf = async (socket: Socket): Promise<string> => {
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
};
const outcomes = async () => {
  const { text } = await hub.request(`${hub.opsUrl}/metrics`);
  return [...text.matchAll(/^wxhub_gateway_calls_total\{outcome="(\w+)",repeated="\w+"\} ([1-9]\d*)$/gm)].map(
    ([, outcome, count]) => `${outcome} ${count}`,
  );
};

describe('back-pressure', () => {
  /** How far a writer gets that is never told to stop by force. */
  const pour = (target: { write(chunk: Buffer): boolean; once(event: 'drain', on: () => void): unknown }) => {
    const poured = { bytes: 0 };
    const chunk = Buffer.alloc(65_536);
    const more = (): void => {
      while (poured.bytes < 200 * MIB) {
        poured.bytes += chunk.length;
        if (!target.write(chunk)) {
          target.once('drain', more);
          return;
        }
      }
    };
    more();
    return poured;
  };
  const standsStill = async (poured: { bytes: number }): Promise<number> => {
    let last = -1;
    await eventually(async () => {
      await new Promise((resolve) => setTimeout(resolve, 250));
      const same = last === poured.bytes;
      last = poured.bytes;
      return same;
    });
    return last;
  };

  it('a caller that stops reading stops WeChat, and one that goes on gets the rest', async () => {
    let poured = { bytes: 0 };
    upstream.script = (_request, response) => {
      response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': 200 * MIB });
      poured = pour(response);
    };
    const socket = open();
    socket.pause();
    socket.write(head());
    await upstream.request(1);
    // Sockets hold some MiB of their own on each side.
    expect(await standsStill(poured)).toBeLessThan(40 * MIB);
    // Longer than HUB_GATEWAY_TIMEOUT_MS: the silence is not WeChat's.
    await new Promise((resolve) => setTimeout(resolve, 2000));
    let received = 0;
    socket.on('data', (chunk) => (received += chunk.length));
    socket.resume();
    await eventually(() => received > 200 * MIB);
  });

  it('WeChat that stops reading stops the caller, and is given up in time', async () => {
    upstream.script = (request) => {
      request.removeAllListeners('data');
      request.pause();
    };
    const socket = open();
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.write(head(`Content-Type: video/mp4\r\nContent-Length: ${19 * MIB}\r\n`, 'POST'));
    const poured = pour(socket);
    await eventually(() => text.startsWith('HTTP/1.1 502 '));
    expect(poured.bytes).toBeGreaterThan(0);
  });
});

describe('somebody goes away', () => {
  it('the caller, while WeChat thinks', async () => {
    upstream.script = () => undefined;
    const socket = open();
    socket.write(head());
    const { over } = await upstream.request(1);
    socket.destroy();
    await over;
    await eventually(async () => (await outcomes()).includes('caller_gone 1'));
  });

  it('the caller, during the answer', async () => {
    upstream.script = (_request, response) => {
      response.writeHead(200, { 'content-type': 'video/mp4' });
      response.write(Buffer.alloc(100_000));
    };
    const socket = open();
    socket.write(head());
    const { over } = await upstream.request(1);
    await new Promise((resolve) => socket.once('data', resolve));
    socket.destroy();
    await over;
  });

  it('the caller, during its own upload: WeChat never sees a whole request', async () => {
    for (const [framing, sent, starts] of [
      ['Content-Length: 1000000', 'abcde', true],
      ['Transfer-Encoding: chunked', `11170\r\n${'x'.repeat(70_000)}\r\n`, true],
      ['Transfer-Encoding: chunked', '5\r\nabcde\r\n', false],
      ['Content-Length: 1000', 'abcde', false],
    ] as const) {
      upstream.arrived.length = 0;
      const socket = open();
      socket.write(head(`${framing}\r\n`, 'POST'));
      socket.write(sent);
      if (starts) {
        const { body } = await upstream.request(1);
        socket.destroy();
        await expect(body).rejects.toThrow();
      } else {
        await new Promise((resolve) => setTimeout(resolve, 100));
        socket.destroy();
        await new Promise((resolve) => setTimeout(resolve, 100));
        expect(upstream.arrived.length).toBe(0);
      }
    }
  });

  it('WeChat, before its answer: 502', async () => {
    upstream.script = (request) => request.socket.destroy();
    expect(await hub.get(PATH, bearer(KEY))).toMatchObject({
      status: 502,
      json: { code: 'HUB_UPSTREAM_FAILED' },
    });
    expect(upstream.arrived.length).toBe(1);
    expect(await outcomes()).toEqual(['failed 1']);
  });

  describe('WeChat has dropped the connection that a call goes out on', () => {
    /** Each connection serves so many requests, and ends at the next one without an answer. */
    const serving = (most: number, end: (socket: Socket) => void): void => {
      const served = new Map<Socket, number>();
      upstream.script = (request, response, nth) => {
        const count = (served.get(request.socket) ?? 0) + 1;
        served.set(request.socket, count);
        if (count > most) end(request.socket);
        else ok()(request, response, nth);
      };
    };

    it.each<[string, (socket: Socket) => void]>([
      ['resets', (socket) => void socket.resetAndDestroy()],
      ['closes', (socket) => void socket.destroy()],
    ])('and %s it: what only reads is sent once more, what may act is not', async (_how, end) => {
      serving(1, end);
      expect((await hub.get(PATH, bearer(KEY))).status).toBe(200);
      expect((await hub.get(PATH, bearer(KEY))).status).toBe(200);
      expect(upstream.arrived.length).toBe(3);
      const posted = await hub.request(PATH, { method: 'POST', body: '{}', headers: bearer(KEY) });
      expect(posted).toMatchObject({ status: 502, json: { code: 'HUB_UPSTREAM_FAILED' } });
      expect(posted.json.detail).toContain('the hub leaves it at that');
      expect(posted.json.detail).not.toContain('tries again');
      expect(upstream.arrived.length).toBe(4);
    });

    it('one that ends in the middle of an answer is not taken for one: WeChat has acted', async () => {
      const cut: Script = (request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
        response.write('{"errcode":0');
        setTimeout(() => request.socket.destroy(), 20);
      };
      upstream.script = (request, response, nth) => (nth === 1 ? ok() : cut)(request, response, nth);
      expect((await hub.get(PATH, bearer(KEY))).status).toBe(200);
      expect((await hub.get(PATH, bearer(KEY))).status).toBe(502);
      expect(upstream.arrived.length).toBe(2);
    });

    it('a new connection that ends so is not taken for one: a call that may be at fault itself goes once', async () => {
      serving(0, (socket) => void socket.destroy());
      expect((await hub.get(PATH, bearer(KEY))).status).toBe(502);
      expect(upstream.arrived.length).toBe(1);
    });
  });

  it.each<[string, Record<string, string>]>([
    ['with a length', { 'content-type': 'video/mp4', 'content-length': '1000' }],
    ['in chunks', { 'content-type': 'video/mp4' }],
    ['JSON with a length', { 'content-type': 'application/json', 'content-length': '1000' }],
  ])('WeChat, during its answer (%s): never a whole answer', async (_what, headers) => {
    upstream.script = (request, response) => {
      response.writeHead(200, headers);
      response.write('{"errcode":0');
      setTimeout(() => request.socket.destroy(), 20);
    };
    for (const version of ['1.1', '1.0']) {
      const socket = open();
      let error: Error | undefined;
      socket.on('error', (thrown) => (error = thrown));
      const text = textOf(socket);
      socket.write(head('Connection: close\r\n').replace('HTTP/1.1', `HTTP/${version}`));
      const got = await text;
      const isWhole =
        got.includes('\r\n0\r\n\r\n') || (version === '1.0' && error === undefined && got.includes('200'));
      expect([version, isWhole && !got.startsWith('HTTP/1.1 502')]).toEqual([version, false]);
    }
  });

  it('WeChat, silent before its answer: 502 after HUB_GATEWAY_TIMEOUT_MS', async () => {
    upstream.script = () => undefined;
    const startedAt = performance.now();
    const answer = await hub.get(PATH, bearer(KEY));
    expect(answer).toMatchObject({ status: 502, json: { code: 'HUB_UPSTREAM_FAILED' } });
    expect(answer.json.detail).toContain('HUB_GATEWAY_TIMEOUT_MS');
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(1490);
    await upstream.arrived[0]?.over;
  });

  it('WeChat, silent during its answer: the connection is cut', async () => {
    upstream.script = (_request, response) => {
      response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': 100 });
      response.write('x');
    };
    const response = await fetch(`${hub.url}${PATH}`, { headers: bearer(KEY) });
    await expect(response.arrayBuffer()).rejects.toThrow();
    await eventually(async () => (await outcomes()).includes('cut_off 1'));
    expect(hub.log.join('')).toContain('gateway answer was cut off');
  });

  it('an answer that is slow but moves is not cut', async () => {
    upstream.script = (_request, response) => {
      response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': 5 });
      let left = 5;
      const timer = setInterval(() => {
        response.write('x');
        left -= 1;
        if (left === 0) clearInterval(timer);
      }, 450);
    };
    expect((await hub.get(PATH, bearer(KEY))).text).toBe('xxxxx');
  });

  it('a caller that is slow to send is not WeChat being silent', async () => {
    const socket = open();
    const text = textOf(socket);
    socket.write(head('Content-Length: 100000\r\nConnection: close\r\n', 'POST'));
    for (let part = 0; part < 4; part += 1) {
      socket.write(Buffer.alloc(25_000));
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    expect(await text).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('uploads', () => {
  it('20 MiB pass', async () => {
    await hub.request(PATH, { method: 'POST', body: Buffer.alloc(20 * MIB), headers: bearer(KEY) });
    expect((await upstream.arrived[0]?.body)?.length).toBe(20 * MIB);
  });

  it('announced as more: 413 at once, and nothing reaches WeChat', async () => {
    const answer = await hub.raw(head(`Content-Length: ${20 * MIB + 1}\r\n`, 'POST'));
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'HUB_TOO_LARGE' });
    expect(upstream.arrived.length).toBe(0);
  });

  it('in chunks: 413 as soon as it is too much, and WeChat never sees a whole request', async () => {
    const socket = open();
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.write(head('Transfer-Encoding: chunked\r\n', 'POST'));
    const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536), Buffer.from('\r\n')]);
    for (let sent = 0; sent <= 21 * MIB; sent += 65_536) {
      if (!socket.write(chunk)) await new Promise((resolve) => socket.once('drain', resolve));
    }
    await eventually(() => text.includes('HUB_TOO_LARGE'));
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
    await expect(upstream.arrived[0]!.body).rejects.toThrow();
    // The answer was not lost with the connection, and the connection can be used on.
    text = '';
    socket.write(`0\r\n\r\n${head()}`);
    await eventually(() => text.startsWith('HTTP/1.1 200 '));
    expect(await outcomes()).toEqual(['answered 1', 'too_large 1']);
  });

  it('answered before all of it came: the answer arrives, and the connection can be used on', async () => {
    upstream.script = (_request, response) => {
      response.writeHead(403, { 'content-type': 'text/html', 'content-length': 2 }).end('no');
    };
    const socket = open();
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.write(head(`Content-Length: ${MIB}\r\n`, 'POST'));
    socket.write(Buffer.alloc(1000));
    await eventually(() => text.endsWith('no'));
    socket.write(Buffer.alloc(MIB - 1000));
    text = '';
    socket.write(head());
    await eventually(() => text.endsWith('no'));
  });
});

describe('many at once', () => {
  it('500 calls in flight, each with its own answer', async () => {
    const waiting: (() => void)[] = [];
    upstream.script = (request, response) => {
      waiting.push(() => {
        const body = JSON.stringify({ errcode: 0, url: request.url?.split('&')[1] });
        response.writeHead(200, { 'content-type': 'application/json' }).end(body);
      });
      if (waiting.length === 500) for (const answer of waiting) answer();
    };
    await hub.stop();
    hub = await startHub({ upstream: upstream.url, apps: [APP], clients: CLIENTS });
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, index) => hub.get(`${PATH}?n=${index}`, bearer(KEY))),
    );
    expect(answers.map(({ json }) => json.url)).toEqual(answers.map((_, index) => `n=${index}`));
  });
});

describe('the end', () => {
  it('calls under way are answered, and their connections closed', async () => {
    let answer = (): void => undefined;
    upstream.script = (_request, response) => {
      answer = () => response.writeHead(200, { 'content-type': 'application/json' }).end('{"errcode":0}');
    };
    const call = hub.get(PATH, bearer(KEY));
    await upstream.request(1);
    const stopped = hub.stop();
    setTimeout(() => answer(), 200);
    expect(await call).toMatchObject({ status: 200, json: { errcode: 0 } });
    await stopped;
  });

  it('while the hub drains answers are what they are, and their connections closed', async () => {
    upstream.script = (_request, response) => {
      response.writeHead(200, ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'Content-Length', '2']).end('ok');
    };
    hub.app.get(Readiness).drain();
    const { text } = await hub.raw(head());
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    for (const line of ['connection: close', 'set-cookie: a=1', 'set-cookie: b=2', 'content-length: 2']) {
      expect(text.toLowerCase().split('\r\n')).toContain(line);
    }
    expect(text.endsWith('\r\n\r\nok')).toBe(true);
  });

  it('those that take too long are ended', async () => {
    await hub.stop();
    hub = await startHub({ upstream: upstream.url, apps: [APP], clients: CLIENTS });
    upstream.script = () => undefined;
    const call = hub.get(PATH, bearer(KEY));
    await upstream.request(1);
    const startedAt = performance.now();
    await hub.stop();
    expect(await call).toMatchObject({ status: 502 });
    expect(performance.now() - startedAt).toBeLessThan(7000);
  });
});

describe('without a token', () => {
  it('joins a fetch under way, and says 503 when there is none', async () => {
    const simulator = await WeChatSimulator.start({ apps: [APP] });
    const hang = simulator.fault({ kind: 'hang', endpoint: 'stable_token' });
    const cold = await startHub({ upstream: simulator.url, apps: [APP], clients: CLIENTS });
    try {
      const calls = [
        cold.get(PATH, bearer(KEY)),
        cold.request(PATH, { method: 'POST', body: 'x', headers: bearer(KEY) }),
      ];
      await hang.waitForHits(1);
      hang.release();
      for (const answer of await Promise.all(calls))
        expect(answer).toMatchObject({ status: 200, json: { errcode: 0 } });
      expect(simulator.calls({ endpoint: 'stable_token' })).toBe(1);
    } finally {
      await cold.stop();
    }
    simulator.freeze(APP.appid, 40243);
    const frozen = await startHub({ upstream: simulator.url, apps: [APP], clients: CLIENTS });
    try {
      await eventually(async () => (await frozen.get(PATH, bearer(KEY))).status === 503);
      const answer = await frozen.get(PATH, bearer(KEY));
      expect(answer.json).toMatchObject({ code: 'HUB_TOKEN_UNAVAILABLE', wechat: { errcode: 40243 } });
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    } finally {
      await frozen.stop();
      await simulator.close();
    }
  });
});
