import type { View } from './route.js';

/** What a view is narrowed to, as the address has it: `#/audit?act=app.refresh`. Empty where it is not there. */
export function queryValue(hash: string, name: string): string {
  return new URLSearchParams(hash.split('?')[1] ?? '').get(name) ?? '';
}

/** So that it can be sent to a colleague. Not a step of the history: each letter would be one. */
export function keepQuery(view: View, values: Readonly<Record<string, string>>): void {
  const given = Object.entries(values).filter(([, value]) => value !== '');
  const query = new URLSearchParams(given).toString();
  history.replaceState(null, '', `#/${view}${query === '' ? '' : `?${query}`}`);
}
