import { parseAddressSet, type AddressSet } from '../core/access/address.js';
import type { ClientEntry } from '../core/access/client.js';
import type { AppSettings } from '../core/app.js';
import { Secret } from '../core/secret.js';
import type { NotifyTarget } from '../notices/notice.js';
import type { PlainApp, PlainClient, PlainNotify } from './apps-file.plain.js';

/** The hub's own objects of what apps.yaml says. Cheap: it runs on the main thread, some hundreds at a time. */
export function buildApp(plain: PlainApp): AppSettings {
  return { ...plain, secret: new Secret(plain.secret) };
}

export function buildClient(plain: PlainClient): ClientEntry {
  return {
    ...plain,
    allowIps: plain.allowIps === undefined ? undefined : buildAddressSet(plain.allowIps),
    apps: plain.apps === '*' ? '*' : new Set(plain.apps),
    may: new Set(plain.may),
  };
}

export function buildNotify(plain: PlainNotify): NotifyTarget {
  const { url, secret, apps, events } = plain;
  return {
    ...plain,
    url: new Secret(url),
    secret: secret === undefined ? undefined : new Secret(secret),
    apps: apps === undefined ? undefined : new Set(apps),
    events: events === undefined ? undefined : new Set(events),
  };
}

function buildAddressSet(ranges: readonly string[]): AddressSet {
  const parsed = parseAddressSet(ranges);
  // The rules of apps-file.rules.ts have let it through.
  if (!parsed.ok) throw new Error('allowIps was checked before and is wrong now');
  return parsed.set;
}
