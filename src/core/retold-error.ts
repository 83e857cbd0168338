import { UPSTREAM_FAILURES, type UpstreamError, type UpstreamFailure } from './upstream.js';
import { APP_KINDS } from './app.js';
import { classify } from './kinds/kinds.js';
import { describeFailure, ON_WHITELIST, type UpstreamEndpoint } from './wechat-error.js';

/** What is put on the whitelist is for the replica that was refused to say: addresses are not taken from others. */
const NOT_ON_WHITELIST = `Put the outgoing address of the replica that was refused (its own log has it) ${ON_WHITELIST}`;

/**
 * The error of a call as another replica tells it, `undefined` where it is none. Only which error it was is taken from
 * the telling, and that WeChat was not reached; what it means, and every word, is what this hub says of it. The channel
 * may be open to whoever can reach Redis: none of them may advise operators, write lines into logs, notices and metrics,
 * or make a mint out of a refusal.
 */
export function retoldError(
  told: Readonly<Record<string, unknown>>,
  endpoint: UpstreamEndpoint,
): UpstreamError | undefined {
  const { reason, errcode, mayHaveActed } = told;
  const kind = APP_KINDS.find((one) => one === told.kind) ?? 'wechat';
  if (typeof reason !== 'string') return undefined;
  if (Number.isSafeInteger(errcode) && reason === String(errcode)) {
    const known = classify(kind, errcode as number, 'as another replica was told', endpoint);
    return errcode === 40164 ? { ...known, hint: NOT_ON_WHITELIST } : known;
  }
  if (!isFailure(reason) || (errcode !== undefined && errcode !== null)) return undefined;
  const known = describeFailure(reason, 'as another replica tells');
  return { ...known, mayHaveActed: known.mayHaveActed && mayHaveActed === true };
}

function isFailure(reason: string): reason is UpstreamFailure {
  return (UPSTREAM_FAILURES as readonly string[]).includes(reason);
}
