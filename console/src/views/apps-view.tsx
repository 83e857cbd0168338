import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { useNow, useTexts } from '../context.js';
import {
  chosen,
  countByState,
  massCauses,
  ofTenant,
  SORTS,
  tenantsOf,
  type Choice,
  type Model,
  type Sort,
} from '../model.js';
import { ALL, choiceOf, keepChoice, queryOf } from '../choice.js';
import { hrefOf } from '../route.js';
import { AppDetail } from './app-detail.js';
import { AppRowView } from './app-row.js';
import { Choose } from './choose.js';
import { MassCauses } from './mass-causes.js';
import { Pages, PER_PAGE } from './pages.js';
import { RefusedElsewhere } from './replicas.js';
import { ReloadBanner, ReloadButton } from './reload.js';
import { StoreBanner } from './store-banner.js';
import { SearchField } from './search-field.js';
import { Summary } from './summary.js';

/** How often the order is decided anew while the hub tells nothing; lives run down each second all the same. */
const ORDER_MS = 5000;

interface Props {
  readonly model: Model;
  readonly openAppid: string | undefined;
}

export function AppsView({ model, openAppid }: Props): JSX.Element {
  const { t, language } = useTexts();
  const now = useNow(model);
  const [choice, setChoice] = useState(() => choiceOf(location.hash));
  const [page, setPage] = useState(0);
  const orderAt = Math.floor(now / ORDER_MS) * ORDER_MS;
  const tenants = useMemo(() => tenantsOf(model), [model]);
  const seen = useMemo(() => ofTenant(model, choice.tenant), [model, choice.tenant]);
  const rows = useMemo(() => chosen(seen, choice, orderAt), [seen, choice, orderAt]);
  const groups = useMemo(() => massCauses(seen, orderAt), [seen, orderAt]);
  const massKeys = useMemo(() => new Set(groups.map(({ key }) => key)), [groups]);
  const counts = useMemo(() => countByState(seen, orderAt), [seen, orderAt]);
  // A tenant's administrator sees nothing but its own: there is nothing to tell apart.
  const hasTenants = model.viewer.tenant === null && (tenants.length > 0 || choice.tenant !== '');
  const columns = hasTenants
    ? (['state', 'app', 'tenant', 'life', 'next', 'calls', 'success'] as const)
    : (['state', 'app', 'life', 'next', 'calls', 'success'] as const);
  const lastPage = Math.max(0, Math.ceil(rows.length / PER_PAGE) - 1);
  const shownPage = Math.min(page, lastPage);
  const shown = rows.slice(shownPage * PER_PAGE, (shownPage + 1) * PER_PAGE);
  const choose = (change: Partial<Choice>): void => {
    const next = { ...choice, ...change };
    setChoice(next);
    keepChoice(next);
    setPage(0);
  };
  useEffect(() => {
    if (page > lastPage) setPage(lastPage);
  }, [page, lastPage]);

  return (
    <>
      <h1 class="hidden">{t.list.heading}</h1>
      <StoreBanner model={model} />
      <ReloadBanner model={model} now={now} />
      <RefusedElsewhere model={model} now={orderAt} />
      <MassCauses
        model={seen}
        groups={groups}
        onShow={(text) => {
          choose({ text, state: 'all' });
        }}
      />
      <Summary
        model={seen}
        counts={counts}
        chosen={choice.state}
        onChoose={(state) => {
          choose({ state });
        }}
      />
      <div class="toolbar">
        <SearchField
          label={t.list.search}
          value={choice.text}
          onInput={(text) => {
            choose({ text });
          }}
        />
        {hasTenants && (
          <Choose
            label={t.list.columns.tenant}
            all={t.list.allTenants}
            value={choice.tenant}
            values={tenants}
            onChoose={(tenant) => {
              choose({ tenant });
            }}
          />
        )}
        <label class="sort">
          <span>{t.list.sort}</span>
          <select
            value={choice.sort}
            onChange={(event) => {
              choose({ sort: event.currentTarget.value as Sort });
            }}
          >
            {SORTS.map((sort) => (
              <option key={sort} value={sort}>
                {t.list.sorts[sort]}
              </option>
            ))}
          </select>
        </label>
        <ReloadButton />
      </div>
      <section
        class={`card apps ${hasTenants ? 'apps-of-tenants' : ''}`}
        aria-label={t.list.heading}
        aria-busy={!model.complete}
      >
        <div class="app-head" aria-hidden="true">
          {columns.map((column) => (
            <span key={column} class={`head-${column}`}>
              {t.list.columns[column]}
            </span>
          ))}
        </div>
        <ul class="app-list">
          {shown.map((app) => (
            <AppRowView
              key={app.appid}
              app={app}
              model={model}
              hasTenants={hasTenants}
              massKeys={massKeys}
              now={now}
              language={language}
            />
          ))}
        </ul>
        {rows.length === 0 && (
          <div class="empty">
            <p>{!model.complete ? t.list.loading : model.apps.size === 0 ? t.list.none : t.list.empty}</p>
            {model.apps.size > 0 && (
              <button
                class="button"
                type="button"
                onClick={() => {
                  choose({ ...ALL, sort: choice.sort });
                }}
              >
                {t.list.clear}
              </button>
            )}
          </div>
        )}
        <Pages page={shownPage} total={rows.length} onPage={setPage} />
      </section>
      {openAppid !== undefined && (
        <AppDetail
          key={openAppid}
          appid={openAppid}
          model={model}
          now={now}
          onClose={() => {
            location.hash = hrefOf('apps') + queryOf(choice);
          }}
        />
      )}
    </>
  );
}
