import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HubEvents } from '../events/hub-events.js';
import { asHubException, PROBLEM_CONTENT_TYPE, problemOf } from './problem.js';

/** The one place that writes errors of /v1 and /admin. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly events: HubEvents) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const context = host.switchToHttp();
    const request = context.getRequest<FastifyRequest>();
    const reply = context.getResponse<FastifyReply>();
    const exception = asHubException(thrown);
    if (exception.code === 'HUB_INTERNAL') {
      this.events.emit('troubleSeen', { where: `request ${request.id}`, error: thrown });
    }
    if (reply.sent) return;
    const { retryAfterSeconds } = exception.details;
    if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds));
    if (exception.code === 'HUB_UNAUTHENTICATED')
      reply.header('www-authenticate', 'Bearer realm="wechat-token-hub"');
    void reply
      .status(exception.status)
      .header('cache-control', 'no-store')
      .header('content-type', PROBLEM_CONTENT_TYPE)
      .send(JSON.stringify(problemOf(exception, request.id)));
  }
}
