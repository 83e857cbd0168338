import type { JSX } from 'preact';
import { useTexts } from '../context.js';
import { timeOfDay } from '../format.js';
import type { Model } from '../model.js';
import { StateIcon } from './icons.js';
import { RunbookLink } from './runbook-link.js';

/** Redis is away: since when, what that means, and what to do. */
export function StoreBanner({ model }: { readonly model: Model }): JSX.Element | null {
  const { t, language } = useTexts();
  const since = model.hub.storeAwaySince;
  if (since === null) return null;
  return (
    <div class="banner" role="status">
      <StateIcon state="failing" />
      <p>{t.hub.storeAway(timeOfDay(since, language))}</p>
      <RunbookLink model={model} page="WxhubRedisUnreachable" />
    </div>
  );
}
