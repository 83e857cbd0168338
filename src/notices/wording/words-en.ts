import { spanEn } from './span.js';
import type { Unit, Words } from './words.js';

const UNITS: Readonly<Record<Unit, string>> = { apps: ' apps', keys: ' keys', none: '' };
const FORCED: Readonly<Record<string, string>> = {
  issued: 'there is a new token, the one before is dead',
  confirmed: 'WeChat gave the same token',
  failed: 'WeChat refused or did not answer',
};
const days = (count: number): string => `${count} day${count === 1 ? '' : 's'}`;

export const EN: Words = {
  titles: {
    token_ending: 'Renewal fails; the token has ended or ends soon',
    wrong_secret: 'AppSecret wrong',
    not_whitelisted: 'Address not on the IP whitelist',
    quota_gone: 'Quota of the day used up',
    refused: 'WeChat refuses to give tokens',
    ticket_failing: 'A ticket cannot be had',
    recovered: 'Recovered',
    forced_refresh: 'A forced refresh was made',
    token_contested: 'Somebody else fetches tokens of an app',
    key_expiring: 'A hub key is about to expire',
    config_refused: 'apps.yaml was refused',
    secret_missing: 'An AppSecret cannot be had',
    store_away: 'Redis is away',
    state_unwritten: 'The state file cannot be written',
    certificate_expiring: 'A certificate is about to expire',
  },
  listComma: ', ',
  bracket: (text) => ` (${text})`,
  many: (title, count, unit) => `${title}: ${count}${UNITS[unit]}`,
  more: (count) => `… and ${count} more`,
  app: (app, rest) => `App ${app}: ${rest}`,
  life: (ms) => (ms > 0 ? `its token lives for another ${spanEn(ms)}` : 'no valid token, callers get 503'),
  shortLife: (ms) => (ms > 0 ? `${spanEn(ms)} left` : 'no token'),
  ticket: (app, type, ms) =>
    `App ${app}: ticket ${type} ${ms > 0 ? `lives for another ${spanEn(ms)}, renewal fails` : 'is missing, callers who ask for it get 503'}`,
  cause: (text, count) =>
    `Cause: ${text}${count === undefined ? '' : `: ${count} app${count === 1 ? '' : 's'}`}`,
  todo: (text) => `What to do: ${text}`,
  apps: (names) => `Apps: ${names}`,
  recovered: (app, from) =>
    app === undefined
      ? `All is well again (before: ${from.join('; ')})`
      : `App ${app}: renewal works again (before: ${from.join('; ')})`,
  forced: (app, client, outcome, left) =>
    `App ${app}: by client ${client}; ${FORCED[outcome] ?? outcome}${left === undefined ? '' : `; ${left} left in these 24 hours`}`,
  forcedAdvice:
    'If it was none of your people, find out who holds that admin key; the audit log has address and request id.',
  contested: (app) =>
    `App ${app}: twice or more in 6 hours its token was replaced before its time, and not by the hub`,
  contestedAdvice:
    'What to do: find out who else has its AppSecret (an old token server that still runs? somebody who forces refreshes?) and stop that; if nobody is found, reset the AppSecret and give it to the hub alone.',
  key: (client, keyId, expiresOn, left) =>
    `Key ${keyId} of client ${client}: expires ${expiresOn}, in less than ${days(left)}`,
  keyAdvice:
    'What to do: add a new key to the client and reload, switch to it, then remove the old one. An expired key is refused.',
  certificate: (instance, expiresOn, left) =>
    `Replica ${instance}: the HTTPS certificate of the callers' port expires ${expiresOn}, in less than ${days(left)}`,
  certificateAdvice:
    'What to do: replace the files of HUB_TLS_CERT_FILE and HUB_TLS_KEY_FILE; they are taken over within seconds.',
  configRefused: (instance) =>
    `Replica ${instance}: the changed file is not in effect, the one before still is`,
  configAdvice:
    'What to do: correct these lines; the file is read again when it changes. Try it first with node dist/cli/main.js check.',
  secretMissing: (instance) =>
    `Replica ${instance}: the rest of the file is in effect; these apps go without, or on with the AppSecret before`,
  secretAdvice:
    'What to do: make the secret file exist and readable, or set the variable; a file is read as soon as it appears.',
  storeAway: (instance) =>
    `Replica ${instance}: it serves on with the tokens that it holds; each replica renews by itself`,
  storeAdvice:
    'What to do: bring Redis back. node dist/cli/main.js doctor looks at each server and says what to mend.',
  stateUnwritten: (instance) =>
    `Hub ${instance}: it serves on with what it holds; a restart now would lose what is newer than the file`,
  stateAdvice:
    'What to do: make room on the disk of HUB_STATE_FILE, or let the hub write in its folder; do not restart the hub before. The log names the cause.',
  console: 'Console',
  runbook: 'Runbook',
};
