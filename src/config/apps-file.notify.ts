import { readEntry, type Problems } from './apps-file.entry.js';
import { NotifyDto, signingSecretFlaw, urlFlaw } from './apps-file.notify-dto.js';
import type { PlainNotify } from './apps-file.plain.js';
import type { SecretField, SecretReader } from './apps-file.secrets.js';
import { didYouMean } from './nearest-name.js';

const URL_FIELD: SecretField<'url'> = {
  name: 'url',
  what: 'the URL of the robot',
  flaw: urlFlaw,
  missing: 'has no url: give exactly one of url, urlEnv, urlFile',
};

const SECRET_FIELD: SecretField<'secret'> = {
  name: 'secret',
  what: 'the signing secret',
  flaw: signingSecretFlaw,
  missing: undefined,
};

/** @param appids `undefined`: the list of apps is unreadable as a whole, so nothing can be said about `apps` here */
export function readNotify(
  entries: readonly unknown[],
  appids: ReadonlySet<string> | undefined,
  secrets: SecretReader,
  problems: Problems,
): PlainNotify[] {
  return entries.flatMap((plain, index) => {
    const path = ['notify', index] as const;
    const entry = readEntry(NotifyDto, plain, path, problems);
    if (entry === undefined) return [];
    const { type, apps, language, events, mention, consoleUrl, runbooksUrl } = entry.values;
    const url = secrets.read(entry, path, URL_FIELD);
    const secret = secrets.read(entry, path, SECRET_FIELD);
    if (type === 'wecom') {
      const key = ['secret', 'secretEnv', 'secretFile'].find((one) => entry.present.has(one));
      if (key !== undefined)
        problems.add([...path, key], 'has no use: robots of WeCom do not take signatures');
    }
    apps?.forEach((appid, at) => {
      if (appids?.has(appid) !== false) return;
      const near = didYouMean(appid, appids);
      problems.add(
        [...path, 'apps', at],
        `is not the appid of an app of this file${near}: correct or remove it`,
      );
    });
    if (type === undefined || url === undefined) return [];
    const links = { consoleUrl: withoutSlash(consoleUrl), runbooksUrl: withoutSlash(runbooksUrl) };
    return [
      { type, url, secret, apps, language: language ?? 'zh', events, mention: mention ?? [], ...links },
    ];
  });
}

function withoutSlash(url: string | undefined): string | undefined {
  return url?.replace(/\/+$/, '');
}
