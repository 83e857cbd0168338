import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { AppsConfig } from '../config/reload/apps-config.service.js';
import { HubEvents, type ConfigReloaded, type RefreshEnded } from '../events/hub-events.js';
import { Log, type LogFields } from './log.js';

/** From this on a failing app is a matter for a person: its callers will soon get nothing. */
const PRESSING_MS = 10 * 60 * 1000;

/** Writes what happens in the hub as log lines. The level says who must act: ERROR a person, WARN perhaps later. */
@Injectable()
export class EventLog {
  constructor(
    events: HubEvents,
    private readonly log: Log,
    private readonly clock: Clock,
    private readonly config: AppsConfig,
  ) {
    log.onLost((lines) => {
      events.emit('linesLost', { log: 'stdout', lines });
    });
    events.on('refreshEnded', (event) => {
      this.#refreshEnded(event);
    });
    events.on('configReloaded', (event) => {
      this.#configReloaded(event);
    });
    events.on('tokenReported', (event) => {
      // One that turned out true means that somebody else fetches tokens for the app, or forced a refresh.
      if (event.outcome === 'refreshed')
        log.warn('token was dead before its time', this.#named({ ...event }));
      else log.debug('token reported', { ...event });
    });
    events.on('rotatedEarly', (event) => {
      log.warn(
        'token was replaced before its time: somebody else forced a refresh',
        this.#named({ ...event }),
      );
    });
    events.on('adminActed', (event) => {
      log.info('admin act', this.#named({ ...event }));
    });
    events.on('gatewayCalled', (event) => {
      // Nothing else tells of it: the access log has only answers that were completed.
      if (event.outcome === 'cut_off') log.warn('gateway answer was cut off', this.#named({ ...event }));
    });
    events.on('platformPushed', ({ outcome, ...event }) => {
      if (outcome === 'not_stored')
        log.error('a push could not be stored; WeChat sends it again', { ...event });
      else log.debug('push', { ...event, outcome });
    });
    events.on('authorizationChanged', (event) => {
      if (event.change === 'needs_authorising')
        log.error('an account needs to authorise its platform anew', { ...event });
      else log.info('authorisation changed', { ...event });
    });
    events.on('platformSilent', ({ platform, silent }) => {
      if (silent) log.error('WeChat has pushed no ticket of a platform for half an hour', { platform });
      else log.info('WeChat pushes tickets of a platform again', { platform });
    });
    events.on('pushForwarded', ({ platform, ok }) => {
      if (!ok) log.warn('a push could not be sent on', { platform });
    });
    events.on('requestDenied', (event) => {
      log.debug('request denied', { ...event });
    });
    events.on('storeChanged', ({ available, cause }) => {
      if (available) log.info('Redis answers');
      else
        log.warn('Redis does not answer; the hub goes on with what it holds', {
          cause,
          hint: hintOfStore(cause),
        });
    });
    events.on('stateFileChanged', ({ writable, cause }) => {
      if (writable) log.info('the state file is written again');
      else
        log.error('the state file cannot be written; the hub goes on with what it holds', {
          cause,
          hint: hintOfStateFile(cause),
        });
    });
    events.on('issuerChanged', ({ issuer, available, cause }) => {
      if (available) log.info('the keys of an issuer are read again', { issuer });
      else
        log.warn('the keys of an issuer cannot be read; those that are known hold for 24 h', {
          issuer,
          cause,
        });
    });
    events.on('newsChanged', ({ heard, cause }) => {
      if (heard) {
        log.info('news of the other replicas are heard');
        return;
      }
      log.warn(
        'news of the other replicas are not heard; what they do is found by comparing, once a minute',
        {
          cause,
          hint: hintOfDeafness(cause),
        },
      );
    });
    events.on('storedUnreadable', (event) => {
      log.warn('a stored token cannot be read; it counts as absent', {
        ...this.#named({ ...event }),
        hint: 'HUB_ENCRYPTION_KEYS must have the key that it was written with; what lies there unencrypted is not believed',
      });
    });
    events.on('tokenLost', (event) => {
      log.error('the token is dead at WeChat and no other can be had', {
        ...this.#named({ ...event }),
        hint: 'a mint whose answer was lost ended it; see the failures before this line',
      });
    });
    events.on('addressRefused', ({ appid, error: { errcode, errmsg, hint } }) => {
      log.warn('calls are refused because of the address of the hub', {
        ...this.#named({ appid }),
        errcode,
        errmsg,
        hint,
      });
    });
    events.on('troubleSeen', ({ where, error }) => {
      log.error('trouble', { where, error });
    });
  }

  #refreshEnded(event: RefreshEnded): void {
    const { error } = event;
    const fields: LogFields = {
      ...this.#named({ appid: event.appid }),
      kind: event.kind,
      trigger: event.trigger,
      forced: event.forced,
      outcome: event.outcome,
      durationMs: Math.round(event.durationMs),
      version: event.version,
      remainingSeconds: Math.floor(event.remainingMs / 1000),
      nextInSeconds: Math.ceil((event.nextAttemptAt - this.clock.now()) / 1000),
    };
    if (error === undefined) {
      if (event.outcome === 'issued') this.log.info('credential issued', fields);
      else this.log.debug('credential refreshed', fields);
      return;
    }
    const failure = {
      ...fields,
      failures: event.failures,
      errorClass: error.class,
      reason: error.reason,
      errcode: error.errcode,
      errmsg: error.errmsg,
      hint: error.hint,
    };
    if (!isWorthALine(event.failures)) {
      this.log.debug('refresh failed', failure);
      return;
    }
    const actNow = error.class !== 'transient' || event.remainingMs < PRESSING_MS;
    if (actNow) this.log.error('refresh failed', failure);
    else this.log.warn('refresh failed', failure);
  }

  /** With what apps.yaml calls the app: on call nobody knows appids by heart. */
  #named<T extends { readonly appid?: string | undefined }>(
    event: T,
  ): T & { readonly name?: string | undefined } {
    const { appid } = event;
    const name = typeof appid === 'string' ? this.config.current.apps.get(appid)?.name : undefined;
    return { ...event, name };
  }

  #configReloaded(event: ConfigReloaded): void {
    if (event.ok && event.warnings !== undefined)
      this.log.warn('configuration reloaded; AppSecrets are missing', { ...event });
    else if (event.ok) this.log.info('configuration reloaded', { ...event });
    else this.log.error('configuration refused; the running one stays', { ...event });
  }
}

/** Only where Redis is there and will go on refusing until somebody does something. */
function hintOfStore(cause = ''): string | undefined {
  return /NOPERM|can't run this command|WRONGPASS|NOAUTH|DB index|READONLY|OOM|MISCONF|cert/i.test(cause)
    ? 'wechat-token-hub doctor says what to mend, and names each right that the Redis user lacks'
    : undefined;
}

function hintOfStateFile(cause: string | undefined): string {
  switch (cause) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'the disk is full: make room for twice the size of the file; it is tried again, and a restart before that loses what is new';
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return 'the user that runs the hub must be able to write in the folder of HUB_STATE_FILE';
    case 'EBUSY':
    case 'EXDEV':
      return 'mount the folder of HUB_STATE_FILE, not the file by itself: it is replaced as a whole';
    case 'ERR_LOCK_LOST':
      return 'the .lock file beside it was removed or replaced, so another process may have the file: see to it that there is one hub, and restart it';
    default:
      return 'look at the disk and the folder of HUB_STATE_FILE; it is tried again, and a restart before that loses what is new';
  }
}

function hintOfDeafness(cause = ''): string {
  return /NOPERM|unknown command/i.test(cause)
    ? 'grant the Redis user SUBSCRIBE on the channel <prefix>news, or reach Redis without the proxy that lacks it; wechat-token-hub doctor names each right that is missing'
    : 'the hub goes on trying; if it stays so, ask wechat-token-hub doctor';
}

/** The 1st, 2nd, 4th, 8th … failure in a row: hundreds of apps that fail every 5 s must not bury the log. */
function isWorthALine(failures: number): boolean {
  return (failures & (failures - 1)) === 0;
}
