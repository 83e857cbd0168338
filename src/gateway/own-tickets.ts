import type { FastifyReply } from 'fastify';
import { TICKET_TYPES, type TicketType } from '../core/app.js';
import { isGone, whileThere } from '../web/caller.js';
import type { AccessGuard } from '../web/access.guard.js';
import type { AppRequest } from '../web/app-request.js';
import { HubException } from '../web/hub-exception.js';
import { unavailable } from '../web/unavailable.js';
import type { TicketCache } from '../token-cache/ticket-cache.service.js';

/**
 * `…/wechat/cgi-bin/ticket/getticket`: the hub's own ticket in WeChat's shape, for a caller that was admitted to `read`.
 * One fetched beside the hub's would be a ticket that nobody keeps fresh.
 *
 * @throws {HubException}
 */
export async function answerTicket(
  request: AppRequest,
  reply: FastifyReply,
  query: string | undefined,
  tickets: TicketCache,
  guard: AccessGuard,
): Promise<void> {
  const type = new URLSearchParams(query).get('type');
  const known = TICKET_TYPES.find((one: TicketType) => one === type);
  if (known === undefined) {
    throw new HubException('HUB_NOT_FOUND', 'There are tickets of the types jsapi and wx_card.');
  }
  const { appid } = request.params;
  const reading = await guard.during(
    request,
    reply,
    whileThere(reply, (gone) => tickets.read(appid, known, gone)),
  );
  if (reply.sent || isGone(reply)) return;
  if (reading?.kind !== 'held') throw unavailable(reading, 'ticket');
  const ticket = reading.held.value.reveal();
  void reply
    .header('content-type', 'application/json; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(JSON.stringify({ errcode: 0, errmsg: 'ok', ticket, expires_in: reading.expiresInSeconds }));
}
