import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { AuditRow } from '../../../src/console/wire.js';
import { useNow, useTexts } from '../context.js';
import type { Model } from '../model.js';
import { keepQuery, queryValue } from '../query.js';
import { fitsSearch } from '../search.js';
import { AuditList, detailsOf, wordOf } from './audit-list.js';
import { Choose } from './choose.js';
import { Pages, PER_PAGE } from './pages.js';
import { SearchField } from './search-field.js';

/** What was done, by whom, and what was refused. */
export function AuditView({ model }: { readonly model: Model }): JSX.Element {
  const { t } = useTexts();
  const now = useNow(model, 10_000);
  const [choice, setChoice] = useState(() => ({
    q: queryValue(location.hash, 'q'),
    act: queryValue(location.hash, 'act'),
    outcome: queryValue(location.hash, 'outcome'),
  }));
  const [page, setPage] = useState(0);
  const choose = (change: Partial<typeof choice>): void => {
    const next = { ...choice, ...change };
    setChoice(next);
    keepQuery('audit', next);
    setPage(0);
  };
  const nameOf = (appid: string): string | null => model.apps.get(appid)?.name ?? null;
  const fitting = model.audit.filter(
    (record) =>
      (choice.act === '' || record.act === choice.act) &&
      (choice.outcome === '' || record.outcome === choice.outcome) &&
      fitsSearch(choice.q, [
        wordOf(t.audit.acts, record.act),
        wordOf(t.audit.words, record.outcome),
        record.appid ?? '',
        typeof record.appid === 'string' ? (nameOf(record.appid) ?? '') : '',
        ...detailsOf(record, t),
      ]),
  );
  const shown = fitting.slice(page * PER_PAGE, (page + 1) * PER_PAGE);
  const outcomes = [...new Set(model.audit.map(({ outcome }) => outcome))].sort();
  return (
    <>
      <h1>{t.audit.heading}</h1>
      <p class="muted">{t.audit.intro}</p>
      <div class="toolbar">
        <SearchField
          label={t.audit.search}
          value={choice.q}
          onInput={(q) => {
            choose({ q });
          }}
        />
        <Choose
          label={t.audit.act}
          all={t.audit.all}
          value={choice.act}
          values={Object.keys(t.audit.acts)}
          wordOf={(act) => wordOf(t.audit.acts, act)}
          onChoose={(act) => {
            choose({ act });
          }}
        />
        <Choose
          label={t.audit.outcome}
          all={t.audit.all}
          value={choice.outcome}
          values={outcomes}
          wordOf={(outcome) => wordOf(t.audit.words, outcome)}
          onChoose={(outcome) => {
            choose({ outcome });
          }}
        />
        <button
          class="button"
          type="button"
          aria-disabled={fitting.length === 0}
          onClick={() => {
            if (fitting.length > 0) save(fitting);
          }}
        >
          {t.audit.save(fitting.length)}
        </button>
      </div>
      <section class="card" aria-label={t.audit.heading}>
        {fitting.length === 0 ? (
          <p class="empty">{model.audit.length === 0 ? t.audit.none : t.audit.noMatch}</p>
        ) : (
          <AuditList records={shown} now={now} nameOf={nameOf} />
        )}
        <Pages page={page} total={fitting.length} onPage={setPage} />
      </section>
    </>
  );
}

/** As the log has them: a JSON document a line, oldest first. */
function save(records: readonly AuditRow[]): void {
  const lines = [...records].reverse().map((record) => `${JSON.stringify(record)}\n`);
  const url = URL.createObjectURL(new Blob(lines, { type: 'application/x-ndjson' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `audit-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.jsonl`;
  link.click();
  URL.revokeObjectURL(url);
}
