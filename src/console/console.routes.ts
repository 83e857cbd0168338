import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AdminActs, failingOf, forceOf } from '../admin/admin-acts.js';
import { QuotaActs } from '../admin/quota-acts.js';
import { HubException } from '../web/hub-exception.js';
import { ProblemFilter } from '../web/problem.filter.js';
import { RequestIdSource } from '../web/request-id.js';
import { AccessGuard } from '../web/access.guard.js';
import { declare } from '../web/route-access.js';
import { OpsServer } from '../ops/ops-server.js';
import { ConsoleService } from './console.service.js';
import { API_CACHE, ASSET_CACHE, PAGE_CACHE, SAFETY_HEADERS } from './headers.js';
import { PageFiles, type PageFile } from './page-files.js';
import type { FailingRefreshedAnswer, RefreshedAnswer } from './wire.js';

/** `{"force":true}` and some room. */
const BODY_LIMIT_BYTES = 1024;

const OPEN = { config: declare('open') };
const ADMIN = { config: declare('admin') };

interface AppParams {
  readonly Params: { readonly appid: string };
}

/**
 * `/console` on the ops port: the page and its assets for anybody (they hold nothing), what it shows for who may look,
 * and what it does for who may act. {@link ConsoleService} asks the guard who that is.
 */
@Injectable()
export class ConsoleRoutes {
  readonly #files = new PageFiles();

  constructor(
    ops: OpsServer,
    private readonly console: ConsoleService,
    private readonly acts: AdminActs,
    private readonly quotas: QuotaActs,
    private readonly problems: ProblemFilter,
    private readonly ids: RequestIdSource,
    guard: AccessGuard,
  ) {
    ops.mount('/console', (server) => {
      guard.watchExit(server);
      this.#hooks(server);
      guard.watchEntry(server);
      this.#pages(server);
      this.#readings(server);
      this.#actions(server);
      this.#quotas(server);
    });
  }

  #hooks(server: FastifyInstance): void {
    server.addHook('onRequest', (request, reply, done) => {
      request.id = this.ids.of(request.raw);
      void reply.headers({ ...SAFETY_HEADERS, 'x-request-id': request.id });
      done();
    });
    server.setErrorHandler((error, request, reply) => {
      this.problems.write(error, request, reply);
    });
    server.setNotFoundHandler((request, reply) => {
      void reply.headers(SAFETY_HEADERS);
      this.problems.write(new HubException('HUB_NOT_FOUND', 'No such path.'), request, reply);
    });
  }

  #pages(server: FastifyInstance): void {
    const { page, assets } = this.#files;
    server.get('/', OPEN, (request, reply) => {
      // Relative to nothing: the page's own paths are absolute, and there is one address of it.
      if (request.url.startsWith('/console/')) return reply.redirect('/console', 308);
      if (page === undefined) {
        throw new HubException('HUB_NOT_FOUND', 'The page was not built: npm run build makes it.');
      }
      return sendFile(request, reply, page, PAGE_CACHE);
    });
    server.get<{ Params: { name: string } }>('/assets/:name', OPEN, (request, reply) => {
      const asset = assets.get(request.params.name);
      if (asset === undefined) throw new HubException('HUB_NOT_FOUND', 'No such asset.');
      return sendFile(request, reply, asset, ASSET_CACHE);
    });
  }

  #readings(server: FastifyInstance): void {
    server.get<{ Querystring: { after?: unknown } }>('/api/live', ADMIN, (request, reply) => {
      const { after } = request.query;
      const viewer = this.console.viewer(request);
      return sendJson(reply, this.console.live(viewer, typeof after === 'string' ? after : ''));
    });
    server.get('/api/clients', ADMIN, (request, reply) =>
      sendJson(reply, this.console.clients(this.console.viewer(request))),
    );
    server.get<AppParams>('/api/apps/:appid', ADMIN, (request, reply) =>
      sendJson(reply, this.console.app(this.console.viewer(request), request.params.appid)),
    );
  }

  /** They ask WeChat, and are in the audit log: acts, though two of them change nothing. */
  #quotas(server: FastifyInstance): void {
    server.get<AppParams & { Querystring: { path?: unknown } }>(
      '/api/apps/:appid/quota',
      ADMIN,
      async (request, reply) => {
        const { actor } = this.console.administrator(request);
        return sendJson(reply, await this.quotas.quota(actor, request.params.appid, request.query.path));
      },
    );
    const clear = { bodyLimit: BODY_LIMIT_BYTES, ...ADMIN };
    server.post<AppParams>('/api/apps/:appid/quota/clear', clear, async (request, reply) => {
      const { actor } = this.console.administrator(request);
      return sendJson(reply, await this.quotas.clear(actor, request.params.appid));
    });
    server.get<{ Params: { appid: string; rid: string } }>(
      '/api/apps/:appid/rid/:rid',
      ADMIN,
      async (request, reply) => {
        const { actor } = this.console.administrator(request);
        const { appid, rid } = request.params;
        return sendJson(reply, await this.quotas.rid(actor, appid, rid));
      },
    );
  }

  #actions(server: FastifyInstance): void {
    const bodyLimit = BODY_LIMIT_BYTES;
    const reload = { bodyLimit, config: declare('admin', { tellsOwnDeed: true }) };
    server.post('/api/reload', reload, async (request, reply) => {
      const { actor, client } = this.console.administrator(request);
      return sendJson(reply, await this.acts.reload(actor, client.tenant));
    });
    server.post('/api/refresh', { bodyLimit, ...ADMIN }, (request, reply) => {
      const viewer = this.console.administrator(request);
      const sees = (appid: string): boolean => this.console.sees(viewer, appid);
      const answer: FailingRefreshedAnswer = this.acts.refreshFailing(
        viewer.actor,
        sees,
        failingOf(request.body),
      );
      return sendJson(reply, answer);
    });
    server.post<AppParams>('/api/apps/:appid/refresh', { bodyLimit, ...ADMIN }, async (request, reply) => {
      const viewer = this.console.administrator(request);
      const { appid } = request.params;
      await this.acts.refresh(viewer.actor, appid, forceOf(request.body));
      const answer: RefreshedAnswer = { app: this.console.row(viewer, appid) };
      return sendJson(reply, answer);
    });
  }
}

function sendJson(reply: FastifyReply, answer: object): FastifyReply {
  return reply
    .header('cache-control', API_CACHE)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(answer));
}

function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  { bytes, type, etag }: PageFile,
  cache: string,
): FastifyReply {
  void reply.headers({ 'cache-control': cache, etag });
  if (request.headers['if-none-match'] === etag) return reply.status(304).send();
  return reply.type(type).send(bytes);
}
