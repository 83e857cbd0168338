import type { JSX } from 'preact';
import { useTexts } from '../context.js';
import type { State } from '../model.js';
import { StateIcon } from './icons.js';

export function StateBadge({ state }: { readonly state: State }): JSX.Element {
  const { t } = useTexts();
  return (
    <span class={`badge badge-${state}`} title={t.stateHelp[state]}>
      <StateIcon state={state} />
      {t.states[state]}
    </span>
  );
}
