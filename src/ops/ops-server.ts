import { Readable } from 'node:stream';
import { BeforeApplicationShutdown, Injectable, OnApplicationShutdown } from '@nestjs/common';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { HubEnvironment } from '../config/environment/environment.js';
import { ProcessMetrics } from '../metrics/process-metrics.js';
import { HubMetrics } from '../metrics/hub-metrics.js';
import { RequestMetrics } from '../metrics/request-metrics.js';
import { mayReadOpenly } from '../web/own-page.js';
import { declare, demandDeclarations } from '../web/route-access.js';
import { livez, readyz } from './probes.js';
import { Readiness } from '../web/readiness.js';

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** How long a request may take to arrive, head and body: slow senders are cut off. */
const REQUEST_ARRIVAL_MS = 30_000;
const BODY_LIMIT_BYTES = 16 * 1024;

/**
 * The second listener, for the people and machines that run the hub: probes, metrics, the API's description. No
 * credentials: it belongs on a port that only the cluster reaches. It opens first and closes last, so that a pod's
 * probes are answered during start and drain.
 */
@Injectable()
export class OpsServer implements BeforeApplicationShutdown, OnApplicationShutdown {
  readonly #server: FastifyInstance = fastify({
    logger: false,
    forceCloseConnections: true,
    requestTimeout: REQUEST_ARRIVAL_MS,
    bodyLimit: BODY_LIMIT_BYTES,
  });
  #describe: () => object = () => ({});

  constructor(
    private readonly environment: HubEnvironment,
    private readonly readiness: Readiness,
    private readonly hub: HubMetrics,
    private readonly requests: RequestMetrics,
    private readonly process: ProcessMetrics,
  ) {
    this.#routes();
  }

  /** Gives the OpenAPI document; asked at the first request for it, since making it takes some ms. */
  describeBy(describe: () => object): void {
    this.#describe = describe;
  }

  /** Puts routes under a path; before {@link listen}. Each declares who may use it (web/route-access.ts). */
  mount(prefix: string, register: (server: FastifyInstance) => void): void {
    void this.#server.register(
      (scope, _options, done) => {
        try {
          register(scope);
          done();
        } catch (error) {
          // Thrown on, it would be a time-out.
          done(error instanceof Error ? error : new Error(String(error)));
        }
      },
      { prefix },
    );
  }

  /** Resolves to the port, which is another than configured where that was 0. */
  async listen(): Promise<number> {
    await this.#server.listen({ host: this.environment.host, port: this.environment.opsPort });
    const address = this.#server.server.address();
    return typeof address === 'object' && address !== null ? address.port : this.environment.opsPort;
  }

  beforeApplicationShutdown(): void {
    this.readiness.drain();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#server.close();
  }

  #routes(): void {
    const server = this.#server;
    server.server.headersTimeout = REQUEST_ARRIVAL_MS;
    demandDeclarations(server);
    server.addHook('onRequest', (_request, reply, done) => {
      void reply.header('x-content-type-options', 'nosniff');
      done();
    });
    const config = declare('open');
    // Fastify's own words repeat the URL, and what stands there may be a key.
    server.setNotFoundHandler((_request, reply) => reply.status(404).send({ error: 'no such path' }));
    // Whoever opens the port in a browser looks for the console.
    server.get('/', { config }, (_request, reply) => reply.redirect('/console', 302));
    server.get('/livez', { config }, (_request, reply) => {
      livez(reply);
    });
    server.get('/readyz', { config }, (_request, reply) => {
      readyz(reply, this.readiness);
    });
    const open = { config, onRequest: refuseOtherPages };
    server.get('/metrics', open, (_request, reply) =>
      reply.header('content-type', METRICS_CONTENT_TYPE).send(Readable.from(this.#metrics())),
    );
    server.get('/openapi.json', open, (_request, reply) => reply.send(this.#describe()));
  }

  async *#metrics(): AsyncGenerator<string> {
    yield await this.process.text();
    yield [...this.requests.lines()].join('');
    yield* this.hub.text();
  }
}

/** What needs no credentials is still not for pages of other sites that run in a browser which reaches this port. */
function refuseOtherPages(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  if (mayReadOpenly(request)) done();
  else
    void reply
      .status(403)
      .send({ error: 'not for pages of other sites: open it under an address or an internal name' });
}
