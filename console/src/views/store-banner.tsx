import type { JSX } from 'preact';
import { useTexts } from '../context.js';
import { timeOfDay } from '../format.js';
import type { Model } from '../model.js';
import { StateIcon } from './icons.js';
import { RunbookLink } from './runbook-link.js';

/** Redis is away, or the state file is not written: since when, what that means, and what to do. */
export function StoreBanner({ model }: { readonly model: Model }): JSX.Element | null {
  const { t, language } = useTexts();
  const since = model.hub.storeAwaySince;
  if (since === null) return null;
  const isFile = model.hub.store === 'file';
  return (
    <div class="banner" role="status">
      <StateIcon state="failing" />
      <p>{(isFile ? t.hub.fileUnwritten : t.hub.storeAway)(timeOfDay(since, language))}</p>
      <RunbookLink model={model} page={isFile ? 'WxhubStateFileUnwritten' : 'WxhubRedisUnreachable'} />
    </div>
  );
}
