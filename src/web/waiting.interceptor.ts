import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { from, lastValueFrom, type Observable } from 'rxjs';
import type { FastifyReply } from 'fastify';
import { AccessGuard } from './access.guard.js';
import type { AppRequest } from './app-request.js';

/** Has the guard look after requests whose controller waits: see {@link AccessGuard.during}. */
@Injectable()
export class WaitingInterceptor implements NestInterceptor {
  constructor(private readonly guard: AccessGuard) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const answer = lastValueFrom(next.handle(), { defaultValue: undefined });
    return from(this.guard.during(http.getRequest<AppRequest>(), http.getResponse<FastifyReply>(), answer));
  }
}
