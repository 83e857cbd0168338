import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HubEvents } from '../events/hub-events.js';
import { asHubException } from './problem.js';
import { sendProblem } from './send-problem.js';

/** Whatever a route of /v1 and /admin throws becomes a problem document. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly events: HubEvents) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const context = host.switchToHttp();
    this.write(thrown, context.getRequest<FastifyRequest>(), context.getResponse<FastifyReply>());
  }

  write(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const exception = asHubException(thrown);
    if (exception.code === 'HUB_INTERNAL') {
      this.events.emit('troubleSeen', { where: `request ${request.id}`, error: thrown });
    }
    if (reply.sent) return;
    sendProblem(request, reply, exception);
  }
}
