import { SORTS, STATES, type Choice, type Sort, type StateChoice } from './model.js';

export const ALL: Choice = { text: '', state: 'all', tenant: '', sort: 'risk' };

/** What is searched and chosen, as the address has it: `#/apps?state=failing&q=40164`. What is unknown counts as all. */
export function choiceOf(hash: string): Choice {
  const query = new URLSearchParams(hash.split('?')[1] ?? '');
  const state = query.get('state');
  const sort = query.get('sort');
  const states: readonly string[] = ['troubled', ...STATES];
  const sorts: readonly string[] = SORTS;
  return {
    text: query.get('q') ?? ALL.text,
    state: state !== null && states.includes(state) ? (state as StateChoice) : ALL.state,
    tenant: query.get('tenant') ?? ALL.tenant,
    sort: sort !== null && sorts.includes(sort) ? (sort as Sort) : ALL.sort,
  };
}

/** Empty where all is shown as usual. */
export function queryOf({ text, state, tenant, sort }: Choice): string {
  const query = new URLSearchParams();
  if (text !== '') query.set('q', text);
  if (state !== ALL.state) query.set('state', state);
  if (tenant !== ALL.tenant) query.set('tenant', tenant);
  if (sort !== ALL.sort) query.set('sort', sort);
  const written = query.toString();
  return written === '' ? '' : `?${written}`;
}

/** So that it can be sent to a colleague. Not a step of the history: each letter would be one. */
export function keepChoice(choice: Choice): void {
  history.replaceState(null, '', `#/apps${queryOf(choice)}`);
}
