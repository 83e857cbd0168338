import type { FolderTerms } from '../apps-file/data.js';
import { nextSnapshot, onlyAdds } from '../reload/hub-snapshot.js';
import type { AppsFileContent } from '../reload/reading.js';
import type { FileClaims } from './settle.js';

/** What a file says, as of a reading in which nothing was wrong with it. */
export interface Version extends AppsFileContent {
  readonly lines: FileClaims['lines'];
  readonly terms: FolderTerms | undefined;
  readonly content: string;
  /** Where the path leads. */
  real: string | undefined;
}

/** Whether half of a file that is being written could look like this. */
export async function mayBeHalf(last: Version | undefined, next: Version | undefined): Promise<boolean> {
  if (last === undefined || next === last || next?.content === last.content) return false;
  if (next === undefined) return true;
  if (next.real !== last.real && next.real !== undefined) return false;
  const before = {
    ...last,
    apps: new Map(last.apps.map((app) => [app.appid, app])),
    issuers: new Map(last.issuers.map((issuer) => [issuer.id, issuer])),
    platforms: new Map(last.platforms.map((platform) => [platform.appid, platform])),
  };
  const { issuers, platforms, clients, notify } = next;
  const { diff } = await nextSnapshot(before, next.apps, { issuers, platforms, clients, notify });
  return !onlyAdds(diff);
}
