import type { AppSettings } from '../app.js';
import type { UpstreamError } from '../upstream.js';
import { KINDS } from './kinds.js';

const ANY = 'HUB_WECHAT_BASE_URL';
const OWN = 'the baseUrl of the app';

/** The advice, which core/wechat-error.ts words for all, names the setting by which this app's upstream is found. */
export function withOwnSetting(
  error: UpstreamError,
  { kind, baseUrl }: Pick<AppSettings, 'kind' | 'baseUrl'>,
): UpstreamError {
  const setting = baseUrl === undefined ? KINDS[kind].baseUrlVariable : OWN;
  return setting === ANY || !error.hint.includes(ANY)
    ? error
    : { ...error, hint: error.hint.replaceAll(ANY, setting) };
}

/** The same advice in other words names the setting that `hint` does. */
export function inItsSetting(text: string, hint: string, own: string): string {
  if (hint.includes(OWN)) return text.replaceAll(ANY, own);
  const variable = Object.values(KINDS).find(({ baseUrlVariable }) => hint.includes(baseUrlVariable));
  return variable === undefined ? text : text.replaceAll(ANY, variable.baseUrlVariable);
}
