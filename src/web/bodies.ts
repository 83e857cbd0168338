import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { RawServerDefault } from 'fastify';

/**
 * How bodies of /v1 and /admin are read.
 *
 * - JSON as Fastify does it, but an empty body is none: HTTP clients announce `application/json` on a POST without one.
 * - A form (what `curl -d ''` announces) stays text, so that no endpoint takes its fields for JSON.
 */
export function readBodies(app: NestFastifyApplication): void {
  const instance = app.getHttpAdapter().getInstance();
  const bodyLimit = instance.initialConfig.bodyLimit ?? 0;
  const parseJson = instance.getDefaultJsonParser('error', 'error');
  app.useBodyParser<RawServerDefault>('application/json', { bodyLimit }, (request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else void parseJson(request, body.toString('utf8'), done);
  });
  app.useBodyParser(
    ['application/x-www-form-urlencoded', 'text/plain'],
    { bodyLimit },
    (_request, body, done) => {
      done(null, body.length === 0 ? undefined : body.toString('utf8'));
    },
  );
}
