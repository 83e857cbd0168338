import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import {
  accessTo,
  RedisServer,
  startCluster,
  startSentinelSet,
  stopRedisServers,
  until,
} from '../../../../test/support/redis-server.js';
import { RedisLink } from './redis-link.js';
import { LOAD } from './scripts.js';

/** A Redis that is there and refuses: told once, asked seldom, and found again when it changes its mind. */

const PREFIX = 'test:';
const CHANNEL = `${PREFIX}news`;
const KEY = `${PREFIX}{wx1}:token`;
const ALL = [`~${PREFIX}*`, `&${PREFIX}*`, '+@all'];

class Watched {
  readonly states: string[] = [];
  readonly news: string[] = [];
  readonly messages: string[] = [];
  missed = 0;
  readonly link: RedisLink;

  constructor(url: string) {
    this.link = new RedisLink(
      accessTo(url),
      CHANNEL,
      {
        stateChanged: (available, cause) => this.states.push(available ? 'up' : `down: ${cause}`),
        newsChanged: (heard, cause) => this.news.push(heard ? 'heard' : `deaf: ${cause}`),
        message: (text) => this.messages.push(text),
        missed: () => (this.missed += 1),
      },
      () => 0.5,
    );
    watched.push(this);
  }

  static async to(url: string): Promise<Watched> {
    const made = new Watched(url);
    await made.link.open(3000);
    return made;
  }

  async ask(): Promise<string> {
    return this.link.run(LOAD, [KEY], []).then(
      () => 'ok',
      (error: unknown) => (error as Error).message,
    );
  }
}

const watched: Watched[] = [];
const lines: Line[] = [];

afterEach(async () => {
  for (const { link } of watched.splice(0)) link.close();
  for (const line of lines.splice(0)) line.close();
  await stopRedisServers();
});

async function withUser(...rules: string[]): Promise<{ redis: RedisServer; url: string }> {
  const redis = await RedisServer.start();
  await redis.admin.call('ACL', 'SETUSER', 'hub', 'on', '>pw', ...rules);
  return { redis, url: `redis://hub:pw@${redis.place}` };
}

/** How many connections are made in so long. */
async function connectionsIn(redis: RedisServer, ms: number): Promise<number> {
  const before = await redis.connections();
  await new Promise((resolve) => setTimeout(resolve, ms));
  return (await redis.connections()) - before;
}

describe('a user without SUBSCRIBE', () => {
  it('serves commands; that the others are not heard is told once, with few connections', async () => {
    const { redis, url } = await withUser(...ALL, '-subscribe');
    const hub = await Watched.to(url);
    expect(await hub.ask()).toBe('ok');
    await until(() => hub.news.length > 0);
    expect(hub.news).toEqual([expect.stringMatching(/^deaf: NOPERM.*subscribe/)]);
    expect(await connectionsIn(redis, 4000)).toBeLessThanOrEqual(3);
    expect(hub.news).toHaveLength(1);
    expect(hub.states).toEqual(['up']);
    await redis.admin.call('ACL', 'SETUSER', 'hub', '+subscribe');
    const { missed } = hub;
    await until(() => hub.missed > missed, 20_000);
    await until(() => hub.news.length === 2, 10_000);
    expect(hub.news[1]).toBe('heard');
    await redis.admin.publish(CHANNEL, 'hello');
    await until(() => hub.messages.includes('hello'));
  }, 60_000);
});

describe('each of these refusals is told with its cause, and makes few connections', () => {
  it.each([
    ['a wrong password', [...ALL], (url: string) => url.replace(':pw@', ':wr0ng@'), /WRONGPASS/],
    ['no user', [...ALL], (url: string) => url.replace('hub:pw@', 'nobody:pw@'), /WRONGPASS/],
    ['no EVALSHA', [...ALL, '-evalsha'], undefined, /NOPERM.*evalsha/],
    ['no EVAL', [...ALL, '-eval'], undefined, /NOPERM.*eval/],
    ['no PUBLISH', [...ALL, '-publish'], undefined, /can't run this command/],
    ['no TIME', [...ALL, '-time'], undefined, /can't run this command/],
    ['no LTRIM', [...ALL, '-ltrim'], undefined, /can't run this command/],
    ['no MGET', [...ALL, '-mget'], undefined, /NOPERM.*mget/],
    ['another prefix', ['~other:*', `&${PREFIX}*`, '+@all'], undefined, /NOPERM.*key/],
    ['another channel', [`~${PREFIX}*`, 'resetchannels', '+@all'], undefined, /NOPERM|channel/i],
    ['database 99 of 16', [...ALL], (url: string) => `${url}/99`, /DB index is out of range/],
    ['no SELECT', [...ALL, '-select'], (url: string) => `${url}/3`, /NOPERM.*select/],
  ])(
    '%s',
    async (_name, rules, at, cause) => {
      const { redis, url } = await withUser(...rules);
      const hub = await Watched.to(at?.(url) ?? url);
      await until(() => hub.states.length > 0);
      expect(hub.states).toEqual([expect.stringMatching(/^down: /)]);
      expect(hub.states[0]).toMatch(cause);
      for (let i = 0; i < 5; i += 1) await hub.ask();
      // Of two lines, each at a pause that doubles from 50 ms on.
      expect(await connectionsIn(redis, 1500)).toBeLessThanOrEqual(10);
      expect(hub.states).toHaveLength(1);
      expect(hub.states.join(' ')).not.toContain('wr0ng');
      // Nothing in database 0 but what a look that was refused halfway leaves for a second.
      const left = await redis.admin.keys('*');
      expect(left.filter((key) => !key.includes(':probe:'))).toEqual([]);
    },
    30_000,
  );

  it('a replica that takes no writes', async () => {
    const redis = await RedisServer.start();
    await redis.admin.call('REPLICAOF', '127.0.0.1', '1');
    const hub = await Watched.to(redis.url);
    await until(() => hub.states.length > 0);
    expect(hub.states[0]).toMatch(/^down: READONLY/);
    expect(await connectionsIn(redis, 1500)).toBeLessThanOrEqual(6);
    expect(hub.states).toHaveLength(1);
    await redis.admin.call('REPLICAOF', 'NO', 'ONE');
    await until(() => hub.states.at(-1) === 'up');
  }, 30_000);

  it('HELLO, which proxies do not know, is not sent', async () => {
    const { url } = await withUser(...ALL, '-hello');
    const hub = await Watched.to(url);
    expect(await hub.ask()).toBe('ok');
    await until(() => hub.news.length > 0);
    expect([hub.states, hub.news]).toEqual([['up'], ['heard']]);
  });
});

it('what is right for another database is read and written there', async () => {
  const { redis, url } = await withUser(...ALL);
  const hub = await Watched.to(`${url}/3`);
  expect(hub.states).toEqual(['up']);
  await hub.link.run(
    { ...LOAD, sha: 'f'.repeat(40), lua: `return redis.call('SET', KEYS[1], '1')` },
    [KEY],
    [],
  );
  expect(await redis.admin.dbsize()).toBe(0);
  await redis.admin.select(3);
  expect(await redis.admin.get(KEY)).toBe('1');
});

it('a database that is no longer granted when the connection is made anew is not replaced by another', async () => {
  const { redis, url } = await withUser(...ALL);
  const hub = await Watched.to(`${url}/3`);
  expect(hub.states).toEqual(['up']);
  await redis.admin.call('ACL', 'SETUSER', 'hub', '-select');
  await redis.admin.call('CLIENT', 'KILL', 'USER', 'hub');
  await until(async () => (await hub.ask()) !== 'ok');
  await connectionsIn(redis, 1500);
  expect(await hub.ask()).not.toBe('ok');
  expect(hub.states.at(-1)).toMatch(/^down: /);
  expect(await redis.admin.dbsize()).toBe(0);
  await redis.admin.call('ACL', 'SETUSER', 'hub', '+select');
  await until(() => hub.states.at(-1) === 'up', 15_000);
}, 30_000);

/** Between the hub and Redis; can let what Redis says fall on the floor. */
class Line {
  readonly #sockets = new Set<Socket>();
  swallows = false;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async to(redis: RedisServer): Promise<Line> {
    const server = createServer((near) => {
      const far = connect(redis.port, '127.0.0.1');
      for (const socket of [near, far]) {
        line.#sockets.add(socket);
        socket.on('error', () => undefined);
      }
      let subscribes = false;
      near.on('data', (chunk) => {
        subscribes ||= chunk.toString('latin1').includes('subscribe');
        far.write(chunk);
      });
      far.on('data', (chunk) => {
        if (!(line.swallows && subscribes)) near.write(chunk);
      });
      near.on('close', () => far.destroy());
      far.on('close', () => near.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const line = new Line(server, `redis://127.0.0.1:${(server.address() as AddressInfo).port}`);
    lines.push(line);
    return line;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.server.close();
  }
}

describe('a subscription that was lost and is back is told of as messages that may have been missed', () => {
  it('where its socket is half-dead', async () => {
    const redis = await RedisServer.start();
    const line = await Line.to(redis);
    const hub = await Watched.to(line.url);
    await until(() => hub.news.includes('heard'));
    line.swallows = true;
    await redis.admin.publish(CHANNEL, 'into the void');
    await until(() => hub.news.some((told) => told.startsWith('deaf: ')), 20_000);
    expect(hub.states).toEqual(['up']);
    const { missed } = hub;
    line.swallows = false;
    await until(() => hub.missed > missed, 20_000);
    await redis.admin.publish(CHANNEL, 'again');
    await until(() => hub.messages.includes('again'));
    expect(hub.messages).toEqual(['again']);
  }, 60_000);

  it('through Sentinels', async () => {
    const set = await startSentinelSet();
    const hub = await Watched.to(set.url);
    await until(() => hub.news.includes('heard'));
    const { missed } = hub;
    await set.master.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until(() => hub.missed > missed, 10_000);
    await set.master.admin.publish(CHANNEL, 'again');
    await until(() => hub.messages.includes('again'));
  }, 60_000);

  it('in a Cluster: dropped, and its node stopped', async () => {
    const { nodes, url } = await startCluster();
    const hub = await Watched.to(url);
    await until(() => hub.news.includes('heard'));
    const holder = async () => {
      for (const node of nodes) {
        const clients = String(await node.admin.call('CLIENT', 'LIST', 'TYPE', 'pubsub'));
        if (clients.includes('wechat-token-hub-news')) return node;
      }
      return undefined;
    };
    const first = await holder();
    await first!.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    let { missed } = hub;
    await until(async () => (await holder()) !== undefined && hub.missed > missed, 10_000);
    const second = await holder();
    missed = hub.missed;
    second!.pause();
    await until(() => hub.missed > missed, 20_000);
    const living = nodes.find((node) => node !== second)!;
    await until(async () => {
      await living.admin.publish(CHANNEL, 'again');
      return hub.messages.includes('again');
    }, 20_000);
    second!.resume();
  }, 90_000);
});
