import type { IncomingMessage, ServerResponse } from 'node:http';
import { bytesAnswer, isGone, render, send, type Answer, type JsonBody } from './answer.js';
import { addressOf, targetOf, type ApiCall, type Target } from './api-call.js';
import { readCall } from './calls.js';
import { answerControl, CONTROL_PREFIX } from './control-api.js';
import { pause, playFault } from './fault-player.js';
import type { JournalCall } from './journal.js';
import type { SimulatorParts } from './parts.js';

/** Answers one request. Never rejects: what goes wrong ends this request alone. */
export async function serve(
  parts: SimulatorParts,
  control: boolean,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  // A caller that goes away makes both streams fail; that is its business, not the simulator's.
  req.on('error', ignore);
  res.on('error', ignore);
  try {
    const target = targetOf(req);
    if (control && target.path.startsWith(CONTROL_PREFIX)) await answerControl(parts, req, res, target);
    else await serveApi(parts, req, res, target);
  } catch (error) {
    if (isGone(res)) return;
    if (res.headersSent) res.destroy();
    else await send(res, bytesAnswer(500, 'text/plain', `the simulator failed: ${String(error)}`));
  }
}

async function serveApi(
  parts: SimulatorParts,
  req: IncomingMessage,
  res: ServerResponse,
  target: Target,
): Promise<void> {
  const call = withRids(parts, req, target, await readCall(parts.model, req, target));
  // Gone while its body was read: 'close' would not come again.
  if (isGone(res)) return;
  const entry = parts.journal.begin(call.endpoint, call.appid, call.forced);
  let outcomeOnClose = 'aborted';
  res.once('close', () => {
    entry.end(outcomeOnClose);
  });
  const fault = parts.faults.take(call.endpoint, call.appid);
  if (fault !== undefined) outcomeOnClose = `fault:${fault.kind}`;
  await call.ready?.();
  const takesMs = parts.latencyMs + (call.slowMs ?? 0);
  if (takesMs > 0) await pause({ res, schedule: parts.schedule }, takesMs);
  if (isGone(res)) return;
  if (fault === undefined) return answer(res, entry, call.act());
  return playFault(fault, {
    res,
    act: once(call.act),
    error: (errcode, words) => parts.model.error(errcode, words),
    schedule: parts.schedule,
    leaving: () => {
      entry.end(outcomeOnClose);
    },
  });
}

/** Refusals can be asked about afterwards, by the rid in their errmsg. */
function withRids(parts: SimulatorParts, req: IncomingMessage, target: Target, call: ApiCall): ApiCall {
  const act = (): Answer => {
    const given = call.act();
    if (given.kind === 'json' && isRefusal(given.body)) {
      const { errcode, errmsg } = given.body;
      parts.model.rids.note({
        appid: call.appid,
        at: parts.now(),
        query: target.rawQuery,
        body: call.body ?? '',
        ip: addressOf(req),
        answer: { errcode, errmsg },
      });
    }
    return given;
  };
  return { ...call, act };
}

function isRefusal(body: JsonBody): body is JsonBody & { errcode: number; errmsg: string } {
  return typeof body.errcode === 'number' && body.errcode !== 0 && typeof body.errmsg === 'string';
}

/** The call is over before its answer leaves: the next one of the same caller does not count as concurrent. */
async function answer(res: ServerResponse, entry: JournalCall, given: Answer): Promise<void> {
  entry.end(outcomeOf(given));
  await send(res, render(given));
}

function outcomeOf(given: Answer): string {
  const errcode = given.kind === 'json' ? given.body.errcode : undefined;
  return typeof errcode === 'number' && errcode !== 0 ? `errcode:${errcode}` : 'ok';
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function ignore(): void {
  // nothing to do
}
