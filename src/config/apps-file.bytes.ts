import { readAppsFile, type PlainAppsFileResult } from './apps-file.js';
import type { AppsFileSources } from './apps-file.secrets.js';

/** Reads apps.yaml as bytes: UTF-8, with or without a byte order mark. */
export function readAppsFileBytes(bytes: Uint8Array, sources: AppsFileSources): PlainAppsFileResult {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const problem = { path: '', line: 1, message: 'is not UTF-8 text: save it as UTF-8' };
    return { ok: false, problems: [problem], secretFiles: [] };
  }
  return readAppsFile(text, sources);
}
