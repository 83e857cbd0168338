import { readFileSync } from 'node:fs';
import {
  askStableToken,
  askToken,
  HandClock,
  request,
  SIMULATED_APP,
  startSimulator,
  stopSimulators,
  type SimulatedAnswer,
} from '../../test/support/simulator-harness.js';
import { CONTROL_CALLS } from './control-api.js';
import type { WeChatSimulator } from './simulator.js';

afterEach(stopSimulators);

const { appid } = SIMULATED_APP;

async function start(): Promise<WeChatSimulator> {
  return startSimulator({ control: true, clock: new HandClock() });
}

async function control(
  sim: WeChatSimulator,
  method: string,
  path: string,
  body?: unknown,
): Promise<SimulatedAnswer> {
  return request(`${sim.url}/_sim/${path}`, {
    method,
    body: body === undefined ? null : JSON.stringify(body),
  });
}

describe('control calls', () => {
  it('register apps, one or many', async () => {
    const sim = await start();
    const one = {
      appid: 'wx-1',
      secret: 'of-wx-1',
      kind: 'official',
      tokenLifeSeconds: 60,
      whitelist: ['127.0.0.1'],
    };
    expect((await control(sim, 'POST', 'apps', one)).json).toEqual({ ok: true, apps: 2 });
    const many = {
      apps: [
        { appid: 'wx-2', secret: 'of-wx-2' },
        { appid: 'wx-3', secret: 'of-wx-3' },
      ],
    };
    expect((await control(sim, 'POST', 'apps', many)).json).toEqual({ ok: true, apps: 4 });
    expect((await askToken(sim, { appid: 'wx-1', secret: 'of-wx-1' })).json.expires_in).toBe(60);
  });

  it.each<[Record<string, unknown>, Record<string, unknown>]>([
    [{ kind: 'errcode', errcode: 45009, errmsg: 'gone' }, { errcode: 45009 }],
    [{ kind: 'patch', patch: { expires_in: 1.5 } }, { expires_in: 1.5 }],
    [{ kind: 'blank_token' }, { access_token: '' }],
    [{ kind: 'expires_in_string', endpoint: '*' }, { expires_in: '7200' }],
    [{ kind: 'empty', endpoint: 'stable_token', appid }, {}],
    [{ kind: 'status', status: 504, probability: 1 }, {}],
    [{ kind: 'huge', bytes: 70_000 }, { padding: 'x'.repeat(70_000) }],
    [{ kind: 'missing_field', field: 'expires_in' }, { access_token: expect.any(String) }],
    [{ kind: 'delay', delayMs: 1 }, { expires_in: 7200 }],
    [{ kind: 'drip', intervalMs: 0 }, { expires_in: 7200 }],
  ])('set the fault %j', async (spec, seen) => {
    const sim = await start();
    expect((await control(sim, 'POST', 'faults', spec)).json).toEqual({ ok: true, id: 1 });
    expect((await askStableToken(sim)).json).toMatchObject(seen);
    expect(sim.journal()[0]?.outcome).toBe(`fault:${String(spec.kind)}`);
  });

  it('clear one fault or all', async () => {
    const sim = await start();
    for (const errcode of [1, 2, 3]) {
      await control(sim, 'POST', 'faults', { kind: 'errcode', errcode, times: 'always' });
    }
    expect((await control(sim, 'DELETE', 'faults?id=3')).json).toEqual({ ok: true, faults: 2 });
    expect((await askToken(sim)).json.errcode).toBe(2);
    expect((await control(sim, 'DELETE', 'faults')).json).toEqual({ ok: true, faults: 0 });
    expect((await askToken(sim)).json.errcode).toBeUndefined();
  });

  it('tell whether a token is alive, kill it, and force another', async () => {
    const sim = await start();
    const token = String((await askStableToken(sim)).json.access_token);
    const alive = await control(sim, 'GET', `alive?token=${token}`);
    expect(alive.json).toMatchObject({ ok: true, alive: true, validity: { appid, family: 'stable_token' } });
    await control(sim, 'POST', 'kill', { appid });
    expect((await control(sim, 'GET', `alive?token=${token}`)).json.alive).toBe(false);
    const next = String((await askStableToken(sim)).json.access_token);
    await control(sim, 'POST', 'force', { appid });
    expect(sim.isAlive(next)).toBe(false);
    await control(sim, 'POST', 'mint', { appid });
    expect(sim.mints({ family: 'token' })).toBe(1);
    expect((await control(sim, 'GET', 'alive?token=none')).json).toMatchObject({
      alive: false,
      validity: null,
    });
  });

  it('change the secret, the whitelist, the life, and freeze', async () => {
    const sim = await start();
    await control(sim, 'POST', 'secret', { appid, secret: 'simulated-secret-2' });
    expect((await askToken(sim)).json.errcode).toBe(40125);
    await control(sim, 'POST', 'secret', SIMULATED_APP);
    await control(sim, 'POST', 'whitelist', { appid, whitelist: [] });
    expect((await askToken(sim)).json.errcode).toBe(40164);
    await control(sim, 'POST', 'whitelist', { appid });
    await control(sim, 'POST', 'freeze', { appid, errcode: 50007 });
    expect((await askToken(sim)).json.errcode).toBe(50007);
    await control(sim, 'POST', 'freeze', { appid });
    await control(sim, 'POST', 'life', { seconds: 90 });
    expect((await askToken(sim)).json.expires_in).toBe(90);
    await control(sim, 'POST', 'life', { seconds: 80, appid });
    expect((await askToken(sim)).json.expires_in).toBe(80);
    expect((await control(sim, 'POST', 'quota/clear', { appid })).json).toEqual({ ok: true });
  });

  it('play WeCom: agents, their Secrets, trusted addresses and early ends', async () => {
    const sim = await start();
    const agents = ['sales', 'hr'].map((name) => ({
      appid: name,
      corpid: 'ww1',
      secret: `simulated-${name}`,
    }));
    await control(sim, 'POST', 'agents', { agents });
    const gettoken = async (secret: string) =>
      (await request(`${sim.url}/cgi-bin/gettoken?corpid=ww1&corpsecret=${secret}`)).json;
    const { access_token: token } = await gettoken('simulated-sales');
    expect((await gettoken('simulated-hr')).access_token).not.toBe(token);
    await control(sim, 'POST', 'agents/trusted-ips', { appid: 'sales', trustedIps: ['203.0.113.7'] });
    const path = `${sim.url}/cgi-bin/user/get?access_token=${String(token)}`;
    expect((await request(path)).json.errcode).toBe(60020);
    await control(sim, 'POST', 'agents/trusted-ips', { appid: 'sales' });
    expect((await request(path)).json.errcode).not.toBe(60020);
    await control(sim, 'POST', 'agents/kill', { appid: 'sales' });
    expect((await gettoken('simulated-sales')).access_token).not.toBe(token);
    await control(sim, 'POST', 'agents/secret', { appid: 'sales', secret: 'simulated-other' });
    expect((await gettoken('simulated-sales')).errcode).toBe(40001);
  });

  it('show stats and journal, which do not count control calls', async () => {
    const sim = await start();
    await askToken(sim);
    await askStableToken(sim, { force: true });
    const stats = await control(sim, 'GET', 'stats');
    expect(stats.json).toMatchObject({
      calls: { token: 1, stable_token: 1, business: 0 },
      apps: 1,
      faults: 0,
    });
    expect((await control(sim, 'GET', `stats?appid=${appid}`)).json).toMatchObject({ mints: { token: 1 } });
    const entry = { at: sim.now(), endpoint: 'stable_token', appid, forced: true, outcome: 'ok' };
    expect((await control(sim, 'GET', 'journal?limit=1')).json.entries).toEqual([entry]);
    expect((await control(sim, 'GET', 'journal?endpoint=token')).json.entries).toHaveLength(1);
    await control(sim, 'DELETE', 'journal');
    expect((await control(sim, 'GET', 'journal')).json.entries).toEqual([]);
  });

  it.each<[string, string, unknown, number, string]>([
    ['POST', 'nothing', {}, 404, 'no such control call'],
    ['POST', 'apps', { appid: 'wx-1' }, 400, 'secret is missing'],
    ['POST', 'apps', { appid: 'wx-1', secret: 's', kind: 'robot' }, 400, 'kind is neither'],
    ['POST', 'kill', [], 400, 'not a JSON object'],
    ['POST', 'kill', { appid: 'wx-none' }, 400, 'no app wx-none'],
    ['POST', 'kill', { appid, family: 'jsapi' }, 400, 'family is neither'],
    ['POST', 'faults', { kind: 'boom' }, 400, 'no such kind of fault: boom'],
    ['POST', 'faults', { kind: 'errcode' }, 400, 'errcode is missing'],
    ['POST', 'faults', { kind: 'empty', endpoint: 'menu' }, 400, 'endpoint is none of'],
    ['POST', 'faults', { kind: 'empty', times: 'twice' }, 400, 'times is not a number'],
    ['POST', 'faults', { kind: 'patch' }, 400, 'patch is not an object'],
    ['POST', 'life', { seconds: 0 }, 400, 'seconds is not positive'],
    ['POST', 'whitelist', { appid, whitelist: '127.0.0.1' }, 400, 'whitelist is not a list'],
  ])('%s %s %j is refused', async (method, path, body, status, error) => {
    const sim = await start();
    const answer = await control(sim, method, path, body);
    expect(answer.status).toBe(status);
    expect(answer.json).toEqual({ ok: false, error: expect.stringContaining(error) });
  });
});

describe('the control calls', () => {
  it.each(['docs/operations.md', 'docs/operations.zh-CN.md'])('are all in %s, and no others', (page) => {
    const text = readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8');
    const named = new Set(text.match(/(?:GET|POST|DELETE) \/_sim\/[a-z/-]+/g));
    expect([...named].sort()).toEqual([...CONTROL_CALLS].sort());
  });
});
