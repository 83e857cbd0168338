import {
  accessTo,
  RedisServer,
  startCluster,
  startSentinelSet,
  stopRedisServers,
  until,
  type RedisServerOptions,
} from '../../../../test/support/redis-server.js';
import { StoreUnavailable } from '../../token-store.js';
import { createRedis, revive } from './redis-clients.js';
import { RedisLink } from './redis-link.js';
import { LOAD } from './scripts.js';

/** A link, and all that it told. */
class Watched {
  readonly states: string[] = [];
  readonly causes: (string | undefined)[] = [];
  readonly messages: string[] = [];
  readonly news: string[] = [];
  missed = 0;
  readonly link: RedisLink;

  constructor(url: string) {
    this.link = new RedisLink(
      accessTo(url),
      'test:news',
      {
        stateChanged: (available, cause) => {
          this.states.push(available ? 'up' : 'down');
          this.causes.push(cause);
        },
        message: (text) => this.messages.push(text),
        missed: () => (this.missed += 1),
        newsChanged: (heard, cause) => this.news.push(heard ? 'heard' : `deaf: ${cause}`),
      },
      () => Math.random(),
    );
    links.push(this);
  }

  static async to(server: RedisServer): Promise<Watched> {
    const watched = new Watched(server.url);
    await watched.link.open(5000);
    await watched.ask();
    await until(() => watched.missed > 0);
    return watched;
  }

  ask(key = 'test:{wx1}:token'): Promise<unknown> {
    return this.link.run(LOAD, [key], []);
  }

  /** How a command ends now: `ok` or why not; and after how many ms. */
  async outcome(key?: string): Promise<{ readonly ends: string; readonly afterMs: number }> {
    const sent = performance.now();
    const ends = await this.ask(key).then(
      () => 'ok',
      (error: unknown) => (error as Error).message,
    );
    return { ends, afterMs: performance.now() - sent };
  }
}

/** Two and a half times what it takes at most to find Redis back. */
const LOOKS_MS = 2500;

const links: Watched[] = [];

afterEach(async () => {
  for (const { link } of links.splice(0)) link.close();
  await stopRedisServers();
});

const start = (options?: RedisServerOptions) => RedisServer.start(options);

describe('a connection to one Redis', () => {
  it('is told of once, and then works', async () => {
    const watched = await Watched.to(await start());
    expect(await watched.outcome()).toMatchObject({ ends: 'ok' });
    expect(watched.states).toEqual(['up']);
  });

  it('goes on after Redis forgot the scripts', async () => {
    const server = await start();
    const watched = await Watched.to(server);
    await server.admin.script('FLUSH');
    expect(await watched.outcome()).toMatchObject({ ends: 'ok' });
  });

  it('that is refused fails at once, once in the log, and comes back by itself', async () => {
    const server = await start();
    const watched = await Watched.to(server);
    await server.kill();
    await until(async () => (await watched.outcome()).ends !== 'ok');
    for (let i = 0; i < 50; i++) {
      const { ends, afterMs } = await watched.outcome();
      expect(ends).toMatch(/^Redis: /);
      expect(afterMs).toBeLessThan(100);
    }
    expect(watched.states).toEqual(['up', 'down']);
    const { missed } = watched;
    await server.launch();
    await until(() => watched.states.length === 3 && watched.missed > missed);
    expect(watched.states).toEqual(['up', 'down', 'up']);
    expect(await watched.outcome()).toMatchObject({ ends: 'ok' });
  });

  it.each(['SIGSTOP', 'CLIENT PAUSE'])(
    'to a Redis that hangs (%s) ends each command in time',
    async (how) => {
      const server = await start();
      const watched = await Watched.to(server);
      if (how === 'SIGSTOP') server.pause();
      else await server.admin.call('CLIENT', 'PAUSE', '4000', 'ALL');
      for (let i = 0; i < 12; i++) {
        const { ends, afterMs } = await watched.outcome();
        expect(ends).not.toBe('ok');
        expect(afterMs).toBeLessThan(650);
      }
      if (how === 'SIGSTOP') server.resume();
      await until(() => watched.states.at(-1) === 'up');
      expect(watched.states).toEqual(['up', 'down', 'up']);
      await until(async () => (await watched.outcome()).ends === 'ok');
    },
  );

  it('to a Redis that refuses writes is down, says why, and stays so until it takes one', async () => {
    const server = await start();
    const watched = await Watched.to(server);
    await server.admin.config('SET', 'maxmemory', '1');
    const refused = await watched.link
      .run(
        { ...LOAD, name: 'write', lua: "return redis.call('SET', KEYS[1], '1')", sha: 'f'.repeat(40) },
        ['k'],
        [],
      )
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(StoreUnavailable);
    expect((refused as Error).message).toMatch(/OOM/);
    expect(watched.states).toEqual(['up', 'down']);
    // It answers all the same: some of the looks after it that would find it back if answers were enough.
    const since = performance.now();
    await until(async () => (await watched.outcome()).ends === 'ok' && performance.now() - since > LOOKS_MS);
    expect(watched.states).toEqual(['up', 'down']);
    await server.admin.config('SET', 'maxmemory', '0');
    await until(() => watched.states.at(-1) === 'up');
    expect(watched.states).toEqual(['up', 'down', 'up']);
  });

  it('with a password works, and never tells it', async () => {
    const server = await start({ password: 'hunter2-hunter2' });
    expect(await (await Watched.to(server)).outcome()).toMatchObject({ ends: 'ok' });
    const wrong = new Watched(server.url.replace('hunter2-hunter2', 'wrong-password'));
    await wrong.link.open(1000);
    expect((await wrong.outcome()).ends).not.toBe('ok');
    await until(() => wrong.states.length > 0);
    expect(wrong.states).toEqual(['down']);
    expect(`${JSON.stringify(wrong.causes)} ${(await wrong.outcome()).ends}`).not.toContain('wrong-password');
  });

  it('hears messages again after a break, and says that it may have missed some', async () => {
    const server = await start();
    const watched = await Watched.to(server);
    await server.admin.publish('test:news', 'one');
    await until(() => watched.messages.length === 1);
    const { missed } = watched;
    await server.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until(() => watched.missed > missed);
    await server.admin.publish('test:news', 'two');
    await until(() => watched.messages.length === 2);
  });

  it('that cannot be made holds the start up for as long as it says, and is told of', async () => {
    const watched = new Watched('redis://127.0.0.1:1');
    const began = performance.now();
    await watched.link.open(300);
    expect(performance.now() - began).toBeLessThan(450);
    expect(watched.states).toEqual(['down']);
  });
});

describe('a client that has given up for good', () => {
  it('is connected again, unless it was closed', async () => {
    const server = await start();
    let closed = false;
    const client = createRedis(accessTo(server.url), 'test', () => 50);
    client.on('error', () => undefined);
    revive(
      client,
      () => closed,
      () => 50,
    );
    await client.connect();
    client.disconnect();
    await until(() => client.status === 'end');
    await until(() => client.status === 'ready');
    client.disconnect();
    await until(() => client.status === 'end');
    await server.kill();
    await server.launch();
    await until(() => client.status === 'ready');
    closed = true;
    client.disconnect();
    await until(() => client.status === 'end');
  });
});

describe('through Sentinels', () => {
  it('finds the master, and the new one after the old one died', async () => {
    const set = await startSentinelSet();
    const watched = new Watched(set.url);
    await watched.link.open(5000);
    expect(await watched.outcome()).toMatchObject({ ends: 'ok' });
    await until(() => watched.missed > 0);
    const { missed } = watched;
    await set.master.kill();
    await until(async () => (await watched.outcome()).ends !== 'ok');
    await until(async () => (await watched.outcome()).ends === 'ok', 15_000);
    await until(() => watched.states.at(-1) === 'up' && watched.missed > missed, 15_000);
    await set.replica.admin.publish('test:news', 'from the new master');
    await until(() => watched.messages.length > 0);
  }, 60_000);
});

describe('in a Cluster', () => {
  it('reaches every slot, hears news from every node, and outlives the loss of one', async () => {
    const { nodes, url } = await startCluster();
    const watched = new Watched(url);
    await watched.link.open(5000);
    const keys = Array.from({ length: 30 }, (_, nth) => `test:{wx${nth}}:token`);
    for (const key of keys) expect(await watched.outcome(key)).toMatchObject({ ends: 'ok' });
    await until(() => watched.missed > 0);
    for (const [nth, node] of nodes.entries()) {
      await node.admin.publish('test:news', `from ${nth}`);
      await until(() => watched.messages.includes(`from ${nth}`));
    }
    await nodes[2]!.kill();
    const outcomes = async () => Promise.all(keys.map(async (key) => watched.outcome(key)));
    await until(async () => (await outcomes()).some(({ ends }) => ends !== 'ok'));
    for (const { afterMs } of await outcomes()) expect(afterMs).toBeLessThan(700);
    expect((await outcomes()).filter(({ ends }) => ends === 'ok').length).toBeGreaterThan(10);
    await nodes[0]!.admin.publish('test:news', 'after the loss');
    await until(() => watched.messages.includes('after the loss'));
  }, 60_000);
});
