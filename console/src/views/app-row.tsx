import type { JSX } from 'preact';
import type { AppRow } from '../../../src/console/wire.js';
import { useTexts } from '../context.js';
import { dueIn, fromNow } from '../format.js';
import type { Language } from '../language.js';
import { callsOf, causeKey, errorOf, stateOf, sum, type Model } from '../model.js';
import { hrefOf } from '../route.js';
import { causeText, fixText } from '../texts/causes.js';
import { CallsChart } from './chart.js';
import { LifeBar } from './life-bar.js';
import { StateBadge } from './state-badge.js';

interface Props {
  readonly app: AppRow;
  readonly model: Model;
  readonly hasTenants: boolean;
  /** Causes that are told once for all of their apps. */
  readonly massKeys: ReadonlySet<string>;
  readonly now: number;
  readonly language: Language;
}

/** One app of the list. The whole row leads to its detail; what fails says why and what to do right here. */
export function AppRowView({ app, model, hasTenants, massKeys, now, language }: Props): JSX.Element {
  const { t } = useTexts();
  const state = stateOf(app, now);
  const calls = callsOf(app, model, now);
  const error = errorOf(app, now);
  const columns = t.list.columns;
  return (
    <li class={`app app-${state}`}>
      <div class="app-state">
        <StateBadge state={state} refreshing={app.refreshing} />
      </div>
      <div class="app-name">
        <a href={hrefOf('apps', app.appid)}>{app.name ?? app.appid}</a>
        <code>{app.appid}</code>
      </div>
      {hasTenants && (
        <div class="app-tenant">
          <span class="label">{columns.tenant} </span>
          {app.tenant}
        </div>
      )}
      <div class="app-life">
        <span class="hidden">{columns.life}: </span>
        <LifeBar
          life={app.life}
          now={now}
          fails={app.failures > 0}
          none={app.tokenApi === 'none' ? t.life.loginOnly : t.life.none}
          isNoLack={app.tokenApi === 'none'}
        />
      </div>
      <div class="app-next">
        <span class="label">{columns.next} </span>
        {app.nextRefreshAt === null ? t.life.never : dueIn(app.nextRefreshAt, now, language)}
      </div>
      <div class="app-calls">
        <CallsChart calls={calls} />
        <span class="app-failed">
          {sum(calls.failures) > 0 ? t.chart.short(sum(calls.calls), sum(calls.failures)) : ''}
        </span>
      </div>
      <div class="app-success">
        <span class="label">{columns.success} </span>
        {app.lastRefreshAt === null ? t.life.never : fromNow(app.lastRefreshAt, now, language)}
      </div>
      {error !== null && (
        <div class="app-error">
          <p>
            <b>
              {causeText(error, language)}
              <span class="errcode">{error.errcode ?? error.cause}</span>
            </b>
            {!massKeys.has(causeKey(error)) && <span>{fixText(error, language)}</span>}
          </p>
        </div>
      )}
    </li>
  );
}
