import type { JSX } from 'preact';
import { useTexts } from '../context.js';
import { LeftIcon, RightIcon } from './icons.js';

/** Few enough to draw each second, enough to look through thousands. */
export const PER_PAGE = 50;

interface Props {
  readonly page: number;
  readonly total: number;
  readonly onPage: (page: number) => void;
}

/** Nothing where everything is on one page. */
export function Pages({ page, total, onPage }: Props): JSX.Element | null {
  const { t } = useTexts();
  if (total <= PER_PAGE) return null;
  const last = Math.ceil(total / PER_PAGE) - 1;
  const go = (to: number): void => {
    if (to < 0 || to > last) return;
    onPage(to);
    window.scrollTo({ top: 0 });
  };
  return (
    <nav class="pages" aria-label={t.list.pages}>
      <button
        class="button button-icon"
        type="button"
        aria-label={t.list.previous}
        aria-disabled={page === 0}
        onClick={() => {
          go(page - 1);
        }}
      >
        <LeftIcon />
      </button>
      <span role="status">
        {t.list.page(page * PER_PAGE + 1, Math.min(total, (page + 1) * PER_PAGE), total)}
      </span>
      <button
        class="button button-icon"
        type="button"
        aria-label={t.list.next}
        aria-disabled={page === last}
        onClick={() => {
          go(page + 1);
        }}
      >
        <RightIcon />
      </button>
    </nav>
  );
}
