import { Injectable } from '@nestjs/common';
import { AccessService } from '../access-guard/access.service.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { describeReload } from './describe-reload.js';
import type { ConfigProblem } from '../config/apps-file/problem.js';
import { HubEvents } from './hub-events.js';

function inOneLine({ file, path, line, message }: ConfigProblem): string {
  return `${file === undefined ? '' : `${file}:`}${line}: ${path}: ${message}`;
}

/** Puts what config and access tell their own listeners onto the hub's events, where logs and metrics look. */
@Injectable()
export class EventSources {
  constructor(events: HubEvents, config: AppsConfig, access: AccessService) {
    config.onReload((outcome, trigger) => {
      const brought = outcome.ok ? outcome : outcome.brought;
      events.emit('configReloaded', {
        trigger,
        ok: outcome.ok,
        added: brought?.added.length ?? 0,
        changed: brought?.changed.length ?? 0,
        removed: brought?.removed.length ?? 0,
        problems: outcome.ok ? [] : outcome.problems.map(inOneLine),
        ...(outcome.ok && outcome.warnings.length > 0 ? { warnings: outcome.warnings.map(inOneLine) } : {}),
        detail: describeReload(outcome),
      });
    });
    access.onDenied(({ cause, act, clientId, keyId, address, appid, requestId, traceId }) => {
      // Only an appid that there is: anything else may be a key in the wrong place.
      const known = appid !== undefined && config.current.apps.has(appid) ? appid : undefined;
      const who = { clientId, keyId, address, requestId, traceId };
      events.emit('requestDenied', { reason: cause, act, ...who, appid: known });
    });
  }
}
