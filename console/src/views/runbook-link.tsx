import type { JSX } from 'preact';
import { useTexts } from '../context.js';
import type { Model } from '../model.js';
import { runbookUrl, type Runbook } from '../runbooks.js';

/** Nothing where apps.yaml names no place for runbooks. */
export function RunbookLink({
  model,
  page,
}: {
  readonly model: Model;
  readonly page: Runbook;
}): JSX.Element | null {
  const { t, language } = useTexts();
  const url = runbookUrl(model.hub.runbooksUrl, page, language);
  if (url === undefined) return null;
  return (
    <a class="button" href={url} target="_blank" rel="noopener noreferrer">
      {t.mass.runbook}
    </a>
  );
}
