import type { IncomingMessage, ServerResponse } from 'node:http';
import { bytesAnswer, send } from './answer.js';
import { parseObject, readBody } from './body.js';
import { field, type Target } from './api-call.js';
import * as input from './control-input.js';
import { statsOf, type SimulatorParts } from './parts.js';

export const CONTROL_PREFIX = '/_sim/';

/** Enough for 10,000 apps in one request. */
const BODY_LIMIT = 8 * 1024 * 1024;
const JOURNAL_LIMIT = 1000;

/** One act: gives back what the answer says beside `"ok": true`. Throws ControlInputError for bad input. */
type Act = (parts: SimulatorParts, body: input.Input, query: URLSearchParams) => object;

/** For shells and other processes; tests in the same process use the simulator's methods. */
const ACTS: Readonly<Record<string, Act>> = {
  /** One app, or `{apps: […]}`. */
  'POST /_sim/apps': ({ model }, body) => {
    const list = Array.isArray(body.apps) ? (body.apps as input.Input[]) : [body];
    for (const app of list.map(input.app)) model.addApp(app);
    return { apps: model.size.apps };
  },
  'POST /_sim/faults': ({ faults }, body) => ({ id: faults.add(input.fault(body)).id }),
  /** One with `?id=`, else all. */
  'DELETE /_sim/faults': ({ faults }, _body, query) => {
    const id = field(query, 'id');
    if (id === undefined) faults.clear();
    else faults.find(Number(id))?.clear();
    return { faults: faults.size };
  },
  'GET /_sim/alive': ({ now, model }, _body, query) => {
    const token = field(query, 'token') ?? '';
    return { now: now(), alive: model.isAlive(token), validity: model.validity(token) ?? null };
  },
  'POST /_sim/kill': ({ model }, body) => {
    model.killToken(input.text(body, 'appid'), input.tokenFamily(body));
    return {};
  },
  'POST /_sim/force': ({ model }, body) => {
    model.forceByOther(input.text(body, 'appid'));
    return {};
  },
  'POST /_sim/mint': ({ model }, body) => {
    model.mintByOther(input.text(body, 'appid'));
    return {};
  },
  'POST /_sim/secret': ({ model }, body) => {
    model.setSecret(input.text(body, 'appid'), input.text(body, 'secret'));
    return {};
  },
  /** Thaws without `errcode`. */
  'POST /_sim/freeze': ({ model }, body) => {
    model.freeze(input.text(body, 'appid'), input.optionalNumber(body, 'errcode'));
    return {};
  },
  /** Without `whitelist` everybody may call. */
  'POST /_sim/whitelist': ({ model }, body) => {
    model.setWhitelist(input.text(body, 'appid'), input.addresses(body, 'whitelist'));
    return {};
  },
  'POST /_sim/life': ({ model }, body) => {
    const seconds = input.number(body, 'seconds');
    if (seconds <= 0) throw new input.ControlInputError('seconds is not positive');
    model.setTokenLife(seconds, input.optionalText(body, 'appid'));
    return {};
  },
  'POST /_sim/quota/clear': ({ model }, body) => {
    model.clearQuota(input.text(body, 'appid'));
    return {};
  },
  'POST /_sim/codes': ({ model }, body) => ({ code: model.users.makeCode(input.code(body)) }),
  /** Free again with `blocked: false`. */
  'POST /_sim/users/block': ({ model }, body) => {
    model.users.block(input.text(body, 'appid'), input.text(body, 'openid'), body.blocked !== false);
    return {};
  },
  /** Of WeCom: one agent, or `{agents: […]}`. */
  'POST /_sim/agents': ({ model }, body) => {
    const list = Array.isArray(body.agents) ? (body.agents as input.Input[]) : [body];
    for (const agent of list.map(input.agent)) model.wecom.add(agent);
    return {};
  },
  'POST /_sim/agents/kill': ({ model }, body) => {
    model.wecom.killToken(input.text(body, 'appid'));
    return {};
  },
  'POST /_sim/agents/secret': ({ model }, body) => {
    model.wecom.setSecret(input.text(body, 'appid'), input.text(body, 'secret'));
    return {};
  },
  /** Without `trustedIps` everybody may call. */
  'POST /_sim/agents/trusted-ips': ({ model }, body) => {
    model.wecom.setTrustedIps(input.text(body, 'appid'), input.addresses(body, 'trustedIps'));
    return {};
  },
  'GET /_sim/stats': (parts, _body, query) => statsOf(parts, field(query, 'appid')),
  /** The last `limit` entries (default 1000), of one `endpoint` or `appid` where given. */
  'GET /_sim/journal': ({ journal }, _body, query) => {
    const endpoint = input.endpoint(field(query, 'endpoint'));
    const limit = Number(field(query, 'limit') ?? JOURNAL_LIMIT);
    return { entries: journal.entries({ endpoint, appid: field(query, 'appid') }).slice(-limit) };
  },
  'DELETE /_sim/journal': ({ journal }) => {
    journal.reset();
    return {};
  },
};

/** Method and path of each, as docs/operations.md lists them. */
export const CONTROL_CALLS: readonly string[] = Object.keys(ACTS);

export async function answerControl(
  parts: SimulatorParts,
  req: IncomingMessage,
  res: ServerResponse,
  target: Target,
): Promise<void> {
  const sent = await readBody(req, BODY_LIMIT);
  const act = ACTS[`${req.method ?? ''} ${target.path}`];
  const body = sent === '' ? {} : parseObject(sent);
  if (act === undefined) return reply(res, 404, { ok: false, error: 'no such control call' });
  if (body === undefined) return reply(res, 400, { ok: false, error: 'the body is not a JSON object' });
  try {
    await reply(res, 200, { ok: true, ...act(parts, body, target.query) });
    return;
  } catch (error) {
    // Everything an act throws is about its input: a bad field, or an app that does not exist.
    return reply(res, 400, { ok: false, error: messageOf(error) });
  }
}

async function reply(res: ServerResponse, status: number, body: object): Promise<void> {
  await send(res, bytesAnswer(status, 'application/json', `${JSON.stringify(body)}\n`));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
