import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { HubFacts } from '../admin/hub-facts.js';
import { AccessService } from '../access-guard/access.service.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { Clock } from '../clock/clock.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { HubEnvironment } from '../config/environment/environment.js';
import { AccessGuard } from '../web/access.guard.js';
import { accessRequestOf, actorOf, type AppRequest } from '../web/app-request.js';
import { notGranted } from '../web/denial.js';
import { HubException } from '../web/hub-exception.js';
import { AppRows } from './app-rows.js';
import { clientRows, clientsOf, keysEnding } from './client-rows.js';
import { readCursor, writeCursor } from './cursor.js';
import { LoginCounts } from './login-counts.js';
import { Traffic } from './traffic.js';
import { LiveView } from './live-view.js';
import { ViewingLimits } from './viewing-limits.js';
import { isOwnRequest, isPrivateHost } from '../web/own-page.js';
import { seesAll, seesApp, seesRecord, tenantOf, type Viewer } from './viewer.js';
import type { AppAnswer, AppRow, AuditRow, ClientsAnswer, LiveAnswer, ViewerRow } from './wire.js';

/** So many apps are in one answer: a few milliseconds of work, some 200 KB. The page asks again for the rest. */
const APPS_PER_ANSWER = 500;
/** Audit records that are looked at. The trail keeps no more. */
const AUDIT_RECORDS = 500;

/** What the console shows, and to whom. */
@Injectable()
export class ConsoleService {
  readonly #limits = new ViewingLimits();

  constructor(
    private readonly environment: HubEnvironment,
    private readonly config: AppsConfig,
    private readonly guard: AccessGuard,
    private readonly access: AccessService,
    private readonly clock: Clock,
    private readonly rows: AppRows,
    private readonly view: LiveView,
    private readonly facts: HubFacts,
    private readonly audit: AuditTrail,
    private readonly logins: LoginCounts,
    private readonly traffic: Traffic,
  ) {}

  /**
   * Who may look: whoever shows a key with `admin`, and without a key anybody where HUB_CONSOLE_OPEN says so. Never by
   * address alone: the address is that of a browser, and pages of other sites call from there too.
   * @throws {HubException}
   */
  viewer(request: FastifyRequest): Viewer {
    if (request.headers.authorization === undefined && this.environment.consoleOpen) {
      if (!isOwnRequest(request.headers)) throw fromElsewhere();
      if (!isPrivateHost(request.headers.host)) throw publicHost();
      (request as AppRequest).leavesUnadmitted = 'open_console';
      return { by: 'open', address: this.access.addressOf(accessRequestOf(request)) };
    }
    return this.administrator(request);
  }

  /** Who may act; where the path names an app, on that app. @throws {HubException} */
  administrator(request: FastifyRequest): Viewer & { readonly by: 'key' } {
    if (!isOwnRequest(request.headers)) throw fromElsewhere();
    if (request.headers.authorization === undefined) {
      throw new HubException('HUB_UNAUTHENTICATED', 'Sign in with a key of a client that may: [admin].');
    }
    const admitted = request as AppRequest;
    this.guard.admit(admitted, 'admin');
    const { verdict } = admitted;
    const actor = actorOf(admitted);
    if (verdict?.ok !== true || actor === undefined) throw notGranted();
    return { by: 'key', client: verdict.client, actor };
  }

  /** What changed since `after`, a cursor of an earlier answer. @throws {HubException} */
  live(viewer: Viewer, after: string): LiveAnswer {
    const now = this.clock.now();
    const wait =
      viewer.by === 'key'
        ? this.#limits.ofClient(viewer.client.id, now)
        : this.#limits.ofAddress(viewer.address, now);
    if (wait > 0) {
      throw new HubException('HUB_RATE_LIMITED', 'This viewer asks the console too often.', {
        retryAfterSeconds: wait,
      });
    }
    const { apps } = this.config.current;
    const known = readCursor(after);
    const { place, reset, appids, more } = this.view.since(known?.place, APPS_PER_ANSWER, (appid) =>
      seesApp(viewer, appid, apps),
    );
    const auditSeq = reset ? 0 : (known?.auditSeq ?? 0);
    const records = this.audit.recent(AUDIT_RECORDS);
    return {
      now: this.clock.wallNow(),
      callsNow: this.clock.now(),
      cursor: writeCursor({ place, auditSeq: records[0]?.seq ?? 0 }),
      reset,
      more,
      hub: this.facts.row(tenantOf(viewer), seesAll(viewer) && tenantOf(viewer) === undefined),
      viewer: viewerRow(viewer, keysEnding(viewer, this.config.current, this.clock.wallNow())),
      apps: appids.map((appid) => this.rows.of(appid)).filter((row) => row !== undefined),
      audit: records
        .filter((record) => record.seq > auditSeq && seesRecord(viewer, record, apps))
        .map((record): AuditRow => ({ ...record, appid: this.#seenAppid(viewer, record.appid) })),
    };
  }

  /** Who asked for an app of another tenant is shown no more than who asked for one that there is not. */
  #seenAppid(viewer: Viewer, appid: string | undefined): string | undefined {
    if (appid === undefined || tenantOf(viewer) === undefined) return appid;
    return this.sees(viewer, appid) ? appid : undefined;
  }

  clients(viewer: Viewer): ClientsAnswer {
    const ahead = this.clock.wallNow() - this.clock.now();
    return clientRows(viewer, this.config.current, (clientId, keyId) => {
      const { requests, lastAt } = this.access.uses.of(clientId, keyId);
      return { requests, lastUsedAt: lastAt === undefined ? null : Math.round(lastAt + ahead) };
    });
  }

  /** @throws {HubException} where there is no such app for this viewer. */
  app(viewer: Viewer, appid: string): AppAnswer {
    const clients = clientsOf(viewer, appid, this.config.current);
    return {
      app: this.row(viewer, appid),
      clients,
      logins: this.logins.of(appid),
      traffic: this.traffic.of(appid),
    };
  }

  sees(viewer: Viewer, appid: string): boolean {
    return seesApp(viewer, appid, this.config.current.apps);
  }

  /** @throws {HubException} where there is no such app for this viewer. */
  row(viewer: Viewer, appid: string): AppRow {
    const row = seesApp(viewer, appid, this.config.current.apps) ? this.rows.of(appid) : undefined;
    if (row === undefined) throw notGranted();
    return row;
  }
}

function viewerRow(viewer: Viewer, ending: number): ViewerRow {
  const actor = viewer.by === 'key' ? viewer.actor : undefined;
  return {
    client: actor?.clientId ?? null,
    keyId: actor?.keyId ?? null,
    seesAll: seesAll(viewer),
    keysEnding: ending,
    tenant: tenantOf(viewer) ?? null,
  };
}

function fromElsewhere(): HubException {
  return new HubException('HUB_NOT_GRANTED', 'This request was made by a page of another site.');
}

function publicHost(): HubException {
  return new HubException(
    'HUB_NOT_GRANTED',
    'Without a key the console is shown under an IP address, localhost or an internal name. Sign in, or open it there.',
  );
}
