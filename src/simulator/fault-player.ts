import type { ServerResponse } from 'node:http';
import {
  bytesAnswer,
  isGone,
  jsonAnswer,
  render,
  send,
  sendPart,
  writeHead,
  type Answer,
  type JsonBody,
  type RenderedAnswer,
} from './answer.js';
import type { WeChatErrorBody } from './errors.js';
import type { ActiveFault } from './faults.js';
import type { Schedule } from './time.js';

/** The call that meets a fault. */
export interface FaultyCall {
  readonly res: ServerResponse;
  /** Lets WeChat act, once: later calls give the first answer again. */
  readonly act: () => Answer;
  /** WeChat's words for an errcode; its own where `words` is undefined. */
  readonly error: (errcode: number, words: string | undefined) => WeChatErrorBody;
  readonly schedule: Schedule;
  /** Told when the answer is about to leave: from then on the caller may call again. */
  readonly leaving: () => void;
}

const PROXY_PAGE = '<html><head><title>Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>';
const HUGE_BYTES = 128 * 1024;
const DRIP_INTERVAL_MS = 1000;
/** What a fault shows in place of a token where WeChat did not act: valid nowhere. */
const NEVER_MINTED = { access_token: `99_SIMULATED-never-minted-${'x'.repeat(120)}`, expires_in: 7200 };

export async function playFault(fault: ActiveFault, call: FaultyCall): Promise<void> {
  const { res, act } = call;
  const { spec } = fault;
  const applied = 'applied' in spec && spec.applied !== undefined ? spec.applied : spec.kind === 'delay';
  if (applied) act();
  if (spec.delayMs !== undefined) await pause(call, spec.delayMs);
  if (spec.kind === 'hang') await hang(fault, res);
  if (isGone(res)) return;
  if (spec.kind !== 'drip') call.leaving();
  switch (spec.kind) {
    case 'errcode':
      return send(res, jsonAnswer({ ...call.error(spec.errcode, spec.errmsg) }));
    case 'empty':
      return send(res, bytesAnswer(200, 'text/plain', ''));
    case 'html':
      return send(res, bytesAnswer(200, 'text/html', PROXY_PAGE));
    case 'status':
      return send(res, bytesAnswer(spec.status ?? 502, 'text/html', PROXY_PAGE));
    case 'not_json':
      return send(res, bytesAnswer(200, 'application/json; encoding=utf-8', '{"access_token":'));
    case 'huge':
      return send(res, padded(applied ? act() : undefined, spec.bytes ?? HUGE_BYTES));
    case 'reset':
      res.socket?.resetAndDestroy();
      return;
    case 'cut':
      return cut(res, applied ? render(act()) : jsonAnswer(NEVER_MINTED));
    case 'hang':
    case 'delay':
      return send(res, render(act()));
    case 'drip':
      return drip(call, render(act()), spec.intervalMs ?? DRIP_INTERVAL_MS);
    case 'missing_field':
      return send(
        res,
        spoilt(act(), (body) => without(body, spec.field ?? credentialField(body))),
      );
    case 'expires_in_string':
      return send(
        res,
        spoilt(act(), (body) => ({ ...body, expires_in: String(body.expires_in) })),
      );
    case 'blank_token':
      return send(
        res,
        spoilt(act(), (body) => ({ ...body, [credentialField(body)]: '' })),
      );
    case 'patch':
      return send(
        res,
        spoilt(act(), (body) => ({ ...body, ...spec.patch })),
      );
  }
}

/** Faults of fields leave answers that are not JSON as they are. */
function spoilt(answer: Answer, spoil: (body: JsonBody) => JsonBody): RenderedAnswer {
  return render(answer.kind === 'json' ? { ...answer, body: spoil(answer.body) } : answer);
}

function credentialField(body: JsonBody): string {
  return 'ticket' in body ? 'ticket' : 'access_token';
}

function without(body: JsonBody, field: string): JsonBody {
  return Object.fromEntries(Object.entries(body).filter(([name]) => name !== field));
}

/** The padding comes first: who stops to read early has seen no token. */
function padded(answer: Answer | undefined, bytes: number): RenderedAnswer {
  const body = answer?.kind === 'json' ? answer.body : NEVER_MINTED;
  return jsonAnswer({ padding: 'x'.repeat(bytes), ...body });
}

async function cut(res: ServerResponse, answer: RenderedAnswer): Promise<void> {
  writeHead(res, answer);
  await sendPart(res, answer, Math.floor(answer.length / 2));
  res.destroy();
}

async function drip(call: FaultyCall, answer: RenderedAnswer, intervalMs: number): Promise<void> {
  const { res } = call;
  writeHead(res, answer);
  res.flushHeaders();
  for (const chunk of answer.chunks(answer.length)) {
    for (const byte of chunk) {
      await pause(call, intervalMs);
      if (isGone(res)) return;
      res.write(Buffer.of(byte));
    }
  }
  res.end();
}

/** Waits in simulated time, at most until the caller goes away. */
export async function pause(call: Pick<FaultyCall, 'res' | 'schedule'>, delayMs: number): Promise<void> {
  const { res } = call;
  if (isGone(res)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      cancel();
      res.off('close', done);
      resolve();
    };
    const cancel = call.schedule(done, delayMs);
    res.once('close', done);
  });
}

async function hang(fault: ActiveFault, res: ServerResponse): Promise<void> {
  if (isGone(res)) return;
  await new Promise<void>((resolve) => {
    const letGo = (): void => {
      fault.unhold(letGo);
      res.off('close', letGo);
      resolve();
    };
    fault.hold(letGo);
    res.once('close', letGo);
  });
}
