import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useNow, useTexts } from '../context.js';
import type { Model } from '../model.js';
import { AuditList, detailsOf, wordOf } from './audit-list.js';
import { SearchIcon } from './icons.js';
import { Pages, PER_PAGE } from './pages.js';

/** What was done, by whom, and what was refused. */
export function AuditView({ model }: { readonly model: Model }): JSX.Element {
  const { t } = useTexts();
  const now = useNow(model, 10_000);
  const [text, setText] = useState('');
  const [page, setPage] = useState(0);
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const fitting = model.audit.filter((record) => {
    if (words.length === 0) return true;
    const content = [
      wordOf(t.audit.acts, record.act),
      wordOf(t.audit.words, record.outcome),
      record.appid ?? '',
      ...detailsOf(record, t),
    ]
      .join(' ')
      .toLowerCase();
    return words.every((word) => content.includes(word));
  });
  const shown = fitting.slice(page * PER_PAGE, (page + 1) * PER_PAGE);
  return (
    <>
      <h1>{t.audit.heading}</h1>
      <p class="muted">{t.audit.intro}</p>
      <div class="toolbar">
        <label class="search">
          <SearchIcon />
          <span class="hidden">{t.audit.search}</span>
          <input
            type="search"
            value={text}
            placeholder={t.audit.search}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => {
              setText(event.currentTarget.value);
              setPage(0);
            }}
          />
        </label>
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
