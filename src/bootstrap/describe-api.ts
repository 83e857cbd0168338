import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { DROP_IN_PATHS } from '../dropin/drop-in.openapi.js';
import { SNS_PATHS } from '../login/sns.openapi.js';
import { GATEWAY_PATHS } from '../gateway/gateway.openapi.js';
import { PLATFORM_PATHS } from '../platforms/platforms.openapi.js';
import { ProblemAnswer } from '../http/token.openapi.js';
import { VERSION } from '../version.js';
import { jsonAnswer, withoutNullable, type OpenApiPaths } from '../web/openapi-paths.js';

const STATUS = { type: 'object', required: ['status'], properties: { status: { type: 'string' } } } as const;

const PROBE_PATHS: OpenApiPaths = {
  '/livez': {
    get: {
      tags: ['probes'],
      operationId: 'livez',
      security: [],
      responses: { '200': jsonAnswer('Alive', STATUS) },
    },
  },
  '/readyz': {
    get: {
      tags: ['probes'],
      operationId: 'readyz',
      security: [],
      responses: { '200': jsonAnswer('Ready', STATUS), '503': jsonAnswer('Starting or draining', STATUS) },
    },
  },
};

/** The OpenAPI 3.1 document of the callers' port: controllers by their decorators, the other routes as they say. */
export function describeApi(app: NestFastifyApplication): object {
  const base = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('wechat-token-hub')
    .setDescription('Access tokens of many WeChat apps from one place.')
    .setVersion(VERSION)
    .addBearerAuth()
    .build();
  const document = withoutNullable(
    SwaggerModule.createDocument(app, base, { extraModels: [ProblemAnswer] }),
  ) as { paths: object };
  return {
    ...document,
    paths: {
      ...document.paths,
      ...DROP_IN_PATHS,
      ...SNS_PATHS,
      ...PLATFORM_PATHS,
      ...GATEWAY_PATHS,
      ...PROBE_PATHS,
    },
  };
}
