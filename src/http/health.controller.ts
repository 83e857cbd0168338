import { Controller, Get, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Readiness } from '../web/readiness.js';
import { livez, readyz } from '../ops/probes.js';
import { Open } from '../web/may.decorator.js';
import type { FastifyReply } from 'fastify';

/** The probes on the callers' port, for load balancers that can only ask there. */
@Controller()
@ApiExcludeController()
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  @Get('livez')
  @Open()
  live(@Res() reply: FastifyReply): void {
    livez(reply);
  }

  @Get('readyz')
  @Open()
  ready(@Res() reply: FastifyReply): void {
    readyz(reply, this.readiness);
  }
}
