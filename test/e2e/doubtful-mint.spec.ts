import type { FaultSpec } from '../../src/simulator/faults.js';
import { bearer, testKey } from '../support/start-hub.js';
import { VirtualHub } from '../support/virtual-hub.js';

/** A mint happened, its answer was lost, and so are those of all retries: core/doubtful-mint.ts against the oracle. */

const KEY = testKey('doubt');
const APPID = 'wx-doubt';
const APP = {
  appid: APPID,
  secret: 'simulated-secret-of-wx-doubt',
  tokenApi: 'token',
  refreshAheadSeconds: 3600,
};
const SECOND = 1000;
const MINUTE = 60 * SECOND;

let virtual: VirtualHub;
afterEach(() => virtual.stop());

/** A hub whose token is due for renewal, half an hour or more before its end. */
async function startAndLose(fault: Pick<FaultSpec, 'kind'> & { applied?: boolean }): Promise<void> {
  virtual = await VirtualHub.start({
    apps: [APP],
    clients: [{ id: 'doubt', key: KEY, apps: '*', may: ['read'] }],
  });
  virtual.simulator.fault({ ...fault, endpoint: 'token', times: Infinity } as FaultSpec);
  await virtual.passUntil(() => virtual.simulator.calls({ endpoint: 'token' }) > 1);
}

const read = () => virtual.hub.get(`/v1/apps/${APPID}/token`, bearer(KEY));
const isAlive = (token: string) => {
  const validity = virtual.simulator.validity(token);
  return validity !== undefined && virtual.simulator.now() < validity.diesAt;
};
const probes = () => virtual.simulator.calls({ endpoint: 'getcallbackip' });

it('a token that a lost mint has ended is served while it lives, and found out then', async () => {
  await startAndLose({ kind: 'cut', applied: true });
  const before = (await read()).json;
  expect(before.expires_in).toBeLessThanOrEqual(300);
  let refused = 0;
  for (let passed = 0; passed < 10 * MINUTE; passed += 10 * SECOND) {
    await virtual.pass(10 * SECOND);
    const answer = await read();
    if (answer.status === 200) expect(answer.json).toMatchObject({ access_token: before.access_token });
    else refused += 1;
    // The question is asked with the first failed attempt after the overlap, and attempts are 66 s apart at most.
    if (passed > 5 * MINUTE + 70 * SECOND) expect(answer.status).toBe(503);
    if (isAlive(before.access_token)) expect(answer.status).toBe(200);
  }
  expect(refused).toBeGreaterThan(10);
  expect(probes()).toBe(1);
  virtual.simulator.clearFaults();
  await virtual.pass(7 * SECOND);
  expect((await read()).status).toBe(200);
});

it('a token that no mint has ended is served on, and asked about once in a minute or so', async () => {
  await startAndLose({ kind: 'cut', applied: false });
  const before = (await read()).json;
  for (let passed = 0; passed < 20 * MINUTE; passed += 10 * SECOND) {
    await virtual.pass(10 * SECOND);
    expect((await read()).json).toMatchObject({ access_token: before.access_token });
  }
  expect(probes()).toBeGreaterThanOrEqual(7);
  expect(probes()).toBeLessThanOrEqual(16);
});

it('nothing is asked where WeChat said that it did not mint', async () => {
  await startAndLose({ kind: 'errcode', errcode: -1 } as never);
  await virtual.pass(20 * MINUTE);
  expect((await read()).status).toBe(200);
  expect(probes()).toBe(0);
});
