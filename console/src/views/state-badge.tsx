import type { JSX } from 'preact';
import { useTexts } from '../context.js';
import type { State } from '../model.js';
import { RefreshingIcon, StateIcon } from './icons.js';

interface Props {
  readonly state: State;
  /** Whether WeChat is being asked now: shown beside the state, which it does not change. */
  readonly refreshing: boolean;
  /** What the state means, where it is not that of a token. */
  readonly help?: string;
}

export function StateBadge({ state, refreshing, help }: Props): JSX.Element {
  const { t } = useTexts();
  return (
    <span class="state">
      <span class={`badge badge-${state}`} title={help ?? t.stateHelp[state]}>
        <StateIcon state={state} />
        {t.states[state]}
      </span>
      {refreshing && (
        <span class="busy" title={t.refreshing}>
          <RefreshingIcon />
          <span class="hidden">{t.refreshing}</span>
        </span>
      )}
    </span>
  );
}
