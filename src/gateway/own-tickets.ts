import type { FastifyReply } from 'fastify';
import { isBehind } from '../core/dropin.js';
import { isGone, whileThere } from '../web/caller.js';
import type { AccessGuard } from '../web/access.guard.js';
import type { AppRequest } from '../web/app-request.js';
import { noSuchTicket, unavailable } from '../web/unavailable.js';
import { sendWeChatAnswer, wechatTicket } from '../web/wechat-shape.js';
import type { OwnTicket } from './rules/never-forwarded.js';
import type { TicketCache } from '../token-cache/ticket-cache.service.js';

/**
 * `…/wechat/cgi-bin/ticket/getticket`, and the two of WeCom: the hub's own ticket in WeChat's shape, for a caller that was admitted to `read`.
 * One fetched beside the hub's would be a ticket that nobody keeps fresh.
 *
 * @throws {HubException}
 */
export async function answerTicket(
  request: AppRequest,
  reply: FastifyReply,
  query: string | undefined,
  own: OwnTicket,
  tickets: TicketCache,
  guard: AccessGuard,
): Promise<void> {
  const { appid } = request.params;
  const kind = tickets.kindOf(appid);
  const type = own.type ?? new URLSearchParams(query).get('type');
  const known = isBehind(own.kind, kind) ? tickets.typeOf(appid, type) : undefined;
  if (known === undefined) throw noSuchTicket(kind);
  const reading = await guard.during(
    request,
    reply,
    whileThere(reply, (gone) => tickets.read(appid, known, gone)),
  );
  if (reply.sent || isGone(reply)) return;
  if (reading?.kind !== 'held') throw unavailable(reading, 'ticket');
  sendWeChatAnswer(reply, wechatTicket(reading.held.value.reveal(), reading.expiresInSecondsForSdks));
}
