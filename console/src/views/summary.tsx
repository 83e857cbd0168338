import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { useTexts } from '../context.js';
import { count, roughSpan } from '../format.js';
import { allCalls, STATES, sum, type Choice, type Model, type State } from '../model.js';
import type { Texts } from '../texts/en.js';
import { CallsChart } from './chart.js';
import { StateIcon } from './icons.js';
import { Replicas } from './replicas.js';

interface Props {
  readonly model: Model;
  readonly counts: Readonly<Record<State, number>>;
  readonly chosen: Choice['state'];
  readonly onChoose: (state: Choice['state']) => void;
}

/** How all apps are doing; each number is also the filter for its apps. */
export function Summary({ model, counts, chosen, onChoose }: Props): JSX.Element {
  const { t, language } = useTexts();
  const now = model.clockOffset + performance.now();
  const calls = useMemo(() => allCalls(model, now), [model]);
  const { hub } = model;
  return (
    <section class="card summary" aria-label={t.summary.label}>
      <div class="tiles">
        <button
          class="tile"
          type="button"
          aria-pressed={chosen === 'all'}
          onClick={() => {
            onChoose('all');
          }}
        >
          <span class="tile-count">{count(model.apps.size, language)}</span>
          <span class="tile-name">{t.summary.all}</span>
        </button>
        {STATES.map((state) => (
          <button
            key={state}
            class={`tile tile-${state}${counts[state] === 0 ? ' tile-zero' : ''}`}
            type="button"
            aria-pressed={chosen === state}
            title={t.stateHelp[state]}
            onClick={() => {
              onChoose(chosen === state ? 'all' : state);
            }}
          >
            <span class="tile-count">{count(counts[state], language)}</span>
            <span class="tile-name">
              <StateIcon state={state} />
              {t.states[state]}
            </span>
          </button>
        ))}
      </div>
      <p class="hidden" role="status">
        {t.summary.announce(counts.unavailable, counts.failing)}
      </p>
      <figure class="summary-calls">
        <CallsChart calls={calls} className="chart chart-wide" now={now} />
        <figcaption title={t.summary.calls}>
          <span>{t.list.columns.calls}</span>
          <span>{t.chart.short(sum(calls.calls), sum(calls.failures))}</span>
        </figcaption>
      </figure>
      <div class="hub-facts">
        <div class={hub.storeUp ? '' : 'fact-bad'}>{storeText(hub, t)}</div>
        <div title={hub.instance} class="fact-instance">
          {hub.name === null ? '' : `${hub.name} · `}
          {hub.instance}
        </div>
        <div>
          {t.hub.version(hub.version)} · {t.hub.up(roughSpan(now - hub.startedAt, language))}
        </div>
        {model.viewer.client !== null && (
          <div>{t.session.signedInAs(model.viewer.client, model.viewer.keyId ?? '–')}</div>
        )}
        <Replicas model={model} now={now} />
      </div>
    </section>
  );
}

function storeText({ store, storeUp }: Model['hub'], t: Texts): string {
  switch (store) {
    case 'memory':
      return t.hub.memory;
    case 'file':
      return storeUp ? t.hub.file : t.hub.fileDown;
    case 'redis':
      return storeUp ? t.hub.redis : t.hub.redisDown;
  }
}
