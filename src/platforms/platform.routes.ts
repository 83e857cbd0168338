import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { PushOutcome } from '../events/platform-events.js';
import { AccessGuard } from '../web/access.guard.js';
import type { AppRequest } from '../web/app-request.js';
import { HubException } from '../web/hub-exception.js';
import { ProblemFilter } from '../web/problem.filter.js';
import { declare } from '../web/route-access.js';
import { AuthorizeLinks } from './authorize-links.service.js';
import { ComponentCalls } from './component-calls.js';
import { Pushes } from './pushes.service.js';

/** CONTRACT section 9. */
const PUSH_LIMIT_BYTES = 64 * 1024;
const CALL_LIMIT_BYTES = 64 * 1024;
/** A code of WeChat's: printable, and of a length that fits a call. */
const CODE = /^[\x21-\x7e]{1,2048}$/;

/**
 * What platforms have on the callers' port beside the routes of apps. Registered on Fastify itself for their own reading
 * of bodies: what was pushed goes on as it came.
 */
@Injectable()
export class PlatformRoutes {
  constructor(
    private readonly pushes: Pushes,
    private readonly links: AuthorizeLinks,
    private readonly calls: ComponentCalls,
    private readonly guard: AccessGuard,
    private readonly problems: ProblemFilter,
  ) {}

  register(instance: FastifyInstance): void {
    void instance.register((scope, _options, done) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser(
        '*',
        { parseAs: 'buffer', bodyLimit: PUSH_LIMIT_BYTES },
        (_request, body, parsed) => {
          parsed(null, body);
        },
      );
      scope.setErrorHandler((error, request, reply) => {
        this.problems.write(error, request, reply);
      });
      scope.route({
        method: 'POST',
        url: '/platforms/:appid/push',
        bodyLimit: PUSH_LIMIT_BYTES,
        handler: (request, reply) => this.#push(request as AppRequest, reply),
        config: declare('open'),
      });
      scope.route({
        method: 'GET',
        url: '/platforms/:appid/authorized',
        exposeHeadRoute: false,
        handler: (request, reply) => this.#authorized(request as AppRequest, reply),
        config: declare('open'),
      });
      scope.route({
        method: 'POST',
        url: '/v1/platforms/:appid/wechat/cgi-bin/component/*',
        bodyLimit: CALL_LIMIT_BYTES,
        handler: (request, reply) => this.#call(request as AppRequest, reply),
        config: declare('platform'),
      });
      done();
    });
  }

  async #push(request: AppRequest, reply: FastifyReply): Promise<void> {
    const outcome = await this.pushes.receive({
      platform: request.params.appid,
      query: queryOf(request),
      body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
      contentType: request.headers['content-type'],
    });
    const refusal = REFUSALS[outcome];
    if (refusal !== undefined) throw new HubException(...refusal);
    void reply.type('text/plain; charset=utf-8').send('success');
  }

  async #authorized(request: AppRequest, reply: FastifyReply): Promise<void> {
    const query = new URLSearchParams(queryOf(request));
    const code = query.get('auth_code') ?? '';
    if (!CODE.test(code)) throw new HubException('HUB_BAD_REQUEST', 'There is no auth_code in the query.');
    const target = await this.links.callback(request.params.appid, query.get('state') ?? '', code);
    void reply
      .headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
      .redirect(target, 302);
  }

  async #call(request: AppRequest, reply: FastifyReply): Promise<void> {
    this.guard.admit(request, 'platform');
    const api = (request.params as Readonly<Record<string, string>>)['*'] ?? '';
    const text = Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '';
    const answer = await this.guard.during(request, reply, this.calls.call(request.params.appid, api, text));
    if (reply.sent) return;
    void reply.header('cache-control', 'no-store').send(answer);
  }
}

const UNBELIEVED =
  'Nothing was taken: this is no push that WeChat has signed for this platform just now. The log says why.';
const REFUSALS: Readonly<Partial<Record<PushOutcome, ConstructorParameters<typeof HubException>>>> = {
  bad_signature: ['HUB_NOT_GRANTED', UNBELIEVED],
  stale: ['HUB_NOT_GRANTED', UNBELIEVED],
  repeated: ['HUB_NOT_GRANTED', UNBELIEVED],
  malformed: ['HUB_BAD_REQUEST', 'This is no push of the documented form.'],
  not_stored: [
    'HUB_TOKEN_UNAVAILABLE',
    'The store did not take it: send it again.',
    { retryAfterSeconds: 5 },
  ],
};

function queryOf({ raw }: FastifyRequest): string {
  const url = raw.url ?? '';
  const at = url.indexOf('?');
  return at < 0 ? '' : url.slice(at + 1);
}
