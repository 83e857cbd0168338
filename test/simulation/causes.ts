import type { AppSettings } from '../../src/core/app.js';
import type { Chronicle } from './chronicle.js';
import type { Fault } from './faults.js';
import type { Ground } from './ground.js';
import type { Upstream } from './simulated-client.js';
import type { SimulatedHub } from './simulated-hub.js';
import type { SimulatedRedis } from './simulated-redis.js';
import type { World } from './world.js';

export interface Stage {
  readonly world: World;
  readonly ground: Ground;
  readonly redis: SimulatedRedis;
  readonly upstream: Upstream;
  readonly chronicle: Chronicle;
  readonly apps: readonly AppSettings[];
  readonly hubs: readonly SimulatedHub[];
  readonly start: (nth: number) => void;
  readonly report: (hub: SimulatedHub, appid: string) => void;
}

/** Lets a fault begin. @returns what ends it */
export function cause(fault: Fault, stage: Stage): () => void {
  const { hubs, redis, upstream } = stage;
  switch (fault.kind) {
    case 'way': {
      const hit = fault.hub === 'all' ? [...hubs] : [hubs[fault.hub]!];
      for (const { link } of hit) link.way = fault.way;
      return () => hit.forEach(({ link }) => (link.way = 'good'));
    }
    case 'empty':
      cutOff(hubs);
      return () => {
        const back = cutOff(hubs);
        empty(stage, 0);
        back();
      };
    case 'flush':
      empty(stage, FLUSH_NOTICED_MS);
      return () => undefined;
    case 'roll back':
      cutOff(hubs);
      return () => {
        const back = cutOff(hubs);
        failOver(stage, fault);
        back();
      };
    case 'split': {
      const left = hubs[fault.hub]!;
      left.link.connectTo(redis.fork());
      const back = cutOff(hubs.filter((hub) => hub !== left));
      failOver(stage, fault);
      back();
      return () => left.link.connectTo(redis);
    }
    case 'stop': {
      const { process } = hubs[fault.hub]!;
      process.stop(fault.frozen);
      return () => process.resume();
    }
    case 'kill': {
      const hub = hubs[fault.hub]!;
      if (hub.process.dead) return () => undefined;
      hub.kill();
      return () => stage.start(fault.hub);
    }
    case 'wall':
      hubs[fault.hub]!.process.wallSkewMs += fault.jumpMs;
      return () => undefined;
    case 'upstream':
      upstream.state = fault.state;
      upstream.troubles.begin(stage.world.now);
      return () => {
        upstream.state = 'good';
        upstream.troubles.end(stage.world.now);
      };
    case 'foreign':
      actFromOutside(stage, stage.apps[fault.app]!);
      return () => undefined;
    case 'report':
      stage.report(hubs[fault.hub]!, stage.apps[fault.app]!.appid);
      return () => undefined;
    case 'admin': {
      const hub = hubs[fault.hub]!;
      if (!hub.process.stopped && !hub.process.dead) hub.refresh(stage.apps[fault.app]!.appid);
      return () => undefined;
    }
  }
}

/** That Redis has lost everything under connections that stand shows at the slow comparison, a round a minute; ms. */
export const FLUSH_NOTICED_MS = 75_000;

/** From Redis. Also who has come since it went: its connections break. */
function cutOff(hubs: readonly SimulatedHub[]): () => void {
  const all = [...hubs];
  for (const { link } of all) link.way = 'refused';
  return () => all.forEach(({ link }) => (link.way = 'good'));
}

function empty(stage: Stage, noticedMs: number): void {
  stage.redis.empty();
  lost(stage, Number.NEGATIVE_INFINITY, 0, noticedMs);
}

function failOver(
  stage: Stage,
  { lostMs, stepMs }: { readonly lostMs: number; readonly stepMs: number },
): void {
  const { redis } = stage;
  const knowsUpTo = redis.rollBack(lostMs);
  const step = stepMs - redis.skewMs;
  redis.skewMs = stepMs;
  lost(stage, knowsUpTo, step);
}

function lost({ ground, chronicle, apps }: Stage, since: number, stepMs: number, noticedMs = 0): void {
  ground.redisLost(stepMs, noticedMs);
  for (const { appid } of apps) chronicle.lost(appid, since);
}

function actFromOutside({ upstream, chronicle, world }: Stage, app: AppSettings): void {
  const call = {
    grantType: 'client_credential',
    appid: app.appid,
    secret: app.secret.reveal(),
    ip: '127.0.0.1',
  };
  const { model } = upstream;
  const body =
    app.tokenApi === 'token' ? model.token(call) : model.stableToken({ ...call, forceRefresh: true });
  if (!('access_token' in body)) throw new Error(`WeChat refused: ${JSON.stringify(body)}`);
  if (chronicle.of(body.access_token) === undefined) {
    chronicle.gaveOthers(app.appid, body.access_token, world.now);
  }
}
