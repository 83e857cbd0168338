import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useNow, useTexts } from '../context.js';
import type { Model } from '../model.js';
import { fitsSearch } from '../search.js';
import { AuditList, detailsOf, wordOf } from './audit-list.js';
import { Pages, PER_PAGE } from './pages.js';
import { SearchField } from './search-field.js';

/** What was done, by whom, and what was refused. */
export function AuditView({ model }: { readonly model: Model }): JSX.Element {
  const { t } = useTexts();
  const now = useNow(model, 10_000);
  const [text, setText] = useState('');
  const [page, setPage] = useState(0);
  const fitting = model.audit.filter((record) =>
    fitsSearch(text, [
      wordOf(t.audit.acts, record.act),
      wordOf(t.audit.words, record.outcome),
      record.appid ?? '',
      ...detailsOf(record, t),
    ]),
  );
  const shown = fitting.slice(page * PER_PAGE, (page + 1) * PER_PAGE);
  return (
    <>
      <h1>{t.audit.heading}</h1>
      <p class="muted">{t.audit.intro}</p>
      <div class="toolbar">
        <SearchField
          label={t.audit.search}
          value={text}
          onInput={(given) => {
            setText(given);
            setPage(0);
          }}
        />
      </div>
      <section class="card" aria-label={t.audit.heading}>
        {fitting.length === 0 ? (
          <p class="empty">{model.audit.length === 0 ? t.audit.none : t.audit.noMatch}</p>
        ) : (
          <AuditList records={shown} now={now} />
        )}
        <Pages page={page} total={fitting.length} onPage={setPage} />
      </section>
    </>
  );
}
