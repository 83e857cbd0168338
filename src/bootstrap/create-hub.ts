import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Clock } from '../clock/clock.js';
import { HubEnvironment } from '../config/environment/environment.js';
import { DropInRoutes } from '../dropin/drop-in.routes.js';
import { GatewayRoutes } from '../gateway/gateway.routes.js';
import { PlatformRoutes } from '../platforms/platform.routes.js';
import { AccessGuard } from '../web/access.guard.js';
import { limitArrival } from '../web/arrival-limit.js';
import { readBodies } from '../web/bodies.js';
import { answerBroken, takeUnusual } from '../web/broken-requests.js';
import { shortenRoute } from '../web/hot-route.js';
import { ProblemFilter } from '../web/problem.filter.js';
import { TOKEN_ROUTE, TokenController } from '../http/token.controller.js';
import { AccessLog } from '../web/access-log.js';
import { installRequestHooks } from '../web/request-hooks.js';
import { demandDeclarations } from '../web/route-access.js';
import { RequestIdSource } from '../web/request-id.js';
import { originForm } from '../web/request-target.js';
import { sendRouterProblem } from '../web/send-problem.js';
import { SnsRoutes } from '../login/sns.routes.js';
import { Log, NestLog } from '../logging/log.js';
import { HubEvents } from '../events/hub-events.js';
import { RequestMetrics } from '../metrics/request-metrics.js';
import { OpsServer } from '../ops/ops-server.js';
import { Readiness } from '../web/readiness.js';
import { describeApi } from './describe-api.js';
import { sweepIdleConnectionsOnClose } from './idle-connections.js';
import { endOf, readTls, tlsFiles, type TlsMaterial } from './tls.js';
import { TlsReloader } from './tls-reloader.js';

/** Bodies of /v1 and /admin (CONTRACT, "Errors"). */
const BODY_LIMIT_BYTES = 16 * 1024;
/** Longer than the idle time-out of usual load balancers (60 s): the balancer closes first, and no request is lost. */
const KEEP_ALIVE_MS = 75_000;
/** How long the head of a request, and any body but the gateway's, may take to arrive: slow senders are cut off. */
const REQUEST_ARRIVAL_MS = 30_000;
/** How long a TLS handshake may take. Node's own limit is two minutes, for which a stranger would hold a connection. */
const HANDSHAKE_MS = 10_000;
/** The same for the gateway's bodies: 20 MiB at 24 KB/s. One that does not move is cut off sooner (silence.ts). */
const UPLOAD_ARRIVAL_MS = 15 * 60_000;

export interface Listening {
  /** The callers' port and the ops port, as bound. */
  readonly port: number;
  readonly opsPort: number;
}

/** The HTTP server under Nest. @throws {Error} where the certificate files are not good. */
export function createAdapter(environment: HubEnvironment): {
  readonly adapter: FastifyAdapter;
  readonly tls: TlsMaterial | undefined;
} {
  const files = tlsFiles(environment);
  const tls = files === undefined ? undefined : readTls(files);
  const options = {
    // Nest middleware is not used: without its engine each request is a few percent cheaper (bench/README.md).
    skipMiddie: true,
    multipart: false,
    // Addresses are resolved by the access rules, never by the framework (core/access/forwarded.ts).
    trustProxy: false,
    requestIdHeader: false as const,
    rewriteUrl: ({ url }: { readonly url?: string }) => originForm(url ?? ''),
    bodyLimit: BODY_LIMIT_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: UPLOAD_ARRIVAL_MS,
    return503OnClosing: false,
    frameworkErrors: sendRouterProblem,
    clientErrorHandler: answerBroken,
    routerOptions: {
      ignoreTrailingSlash: false,
      caseSensitive: true,
      // As long as headers may be: an appid of any length is an app that nobody is granted.
      maxParamLength: 16 * 1024,
      // `request.query` is the text: the few that want a parameter read it themselves (dropin/parameters.ts).
      querystringParser: (text: string) => text as never,
    },
  };
  const server = { requireHostHeader: false };
  if (tls === undefined) return { adapter: new FastifyAdapter({ ...options, http: server }), tls };
  const client = tls.ca === undefined ? {} : { requestCert: true, rejectUnauthorized: true };
  return {
    adapter: new FastifyAdapter({
      ...options,
      https: { ...server, ...tls, ...client, handshakeTimeout: HANDSHAKE_MS },
    }),
    tls,
  };
}

/** What the application needs beside its modules; before {@link listen}. */
export function configureHub(app: NestFastifyApplication, tls: TlsMaterial | undefined): void {
  const environment = app.get(HubEnvironment);
  const log = app.get(Log);
  const readiness = app.get(Readiness);
  app.useLogger(new NestLog(log));
  const instance = app.getHttpAdapter().getInstance();
  const ids = app.get(RequestIdSource);
  instance.setGenReqId((request) => ids.of(request));
  demandDeclarations(instance);
  const guard = app.get(AccessGuard);
  guard.watchExit(instance);
  const accessLog = new AccessLog(environment.accessLog, log, app.get(Clock));
  installRequestHooks(instance, app.get(RequestMetrics), accessLog, readiness);
  guard.watchEntry(instance);
  const tokens = app.get(TokenController);
  const hot = { url: TOKEN_ROUTE, act: 'read', answer: tokens.read.bind(tokens) } as const;
  shortenRoute(instance, hot, guard, app.get(ProblemFilter));
  readBodies(app);
  takeUnusual(instance.server);
  instance.server.headersTimeout = REQUEST_ARRIVAL_MS;
  limitArrival(instance, REQUEST_ARRIVAL_MS);
  const dropIn = app.get(DropInRoutes);
  dropIn.register(instance);
  const sns = app.get(SnsRoutes);
  sns.register(instance);
  app.get(PlatformRoutes).register(instance);
  const gateway = app.get(GatewayRoutes);
  gateway.addUnrouted(dropIn);
  gateway.addUnrouted(sns);
  gateway.register(instance);
  sweepIdleConnectionsOnClose(instance);
  app.get(OpsServer).describeBy(() => describeApi(app));
  const files = tlsFiles(environment);
  if (tls !== undefined && files !== undefined) {
    const events = app.get(HubEvents);
    const reloader = new TlsReloader(instance.server as never, files, tls, app.get(Clock), log, (shown) => {
      events.emit('certificateShown', { endsAt: endOf(shown) });
    });
    reloader.start();
    instance.addHook('onClose', (_instance, done) => {
      reloader.stop();
      done();
    });
  }
}

/** Opens both listeners, the ops port first. */
export async function listen(app: NestFastifyApplication): Promise<Listening> {
  const environment = app.get(HubEnvironment);
  const opsPort = await app.get(OpsServer).listen();
  await app.listen({ host: environment.host, port: environment.port });
  const address = app.getHttpServer().address();
  const port = typeof address === 'object' && address !== null ? address.port : environment.port;
  return { port, opsPort };
}
