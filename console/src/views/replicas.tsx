import type { JSX } from 'preact';
import { useTexts } from '../context.js';
import { fromNow, roughSpan } from '../format.js';
import type { Model } from '../model.js';
import { StateIcon } from './icons.js';
import { RunbookLink } from './runbook-link.js';

/** Which replicas share the store. Nothing where there is one. */
export function Replicas({
  model,
  now,
}: {
  readonly model: Model;
  readonly now: number;
}): JSX.Element | null {
  const { t, language } = useTexts();
  const { replicas } = model.hub;
  if (replicas.length < 2) return null;
  const versions = new Set(replicas.map(({ version }) => version));
  return (
    <details class="replicas">
      <summary>
        {t.replicas.count(replicas.length)}
        {versions.size > 1 && <span class="fact-bad"> · {t.replicas.versions(versions.size)}</span>}
      </summary>
      <ul>
        {replicas.map(({ instance, version, startedAt, lastReload }, index) => (
          <li key={`${instance} ${startedAt}`}>
            <code>{instance}</code> {index === 0 && <span class="chip">{t.replicas.this}</span>}{' '}
            {t.hub.version(version)} · {t.hub.up(roughSpan(now - startedAt, language))}
            {lastReload !== null && (
              <span class={lastReload.ok ? '' : 'fact-bad'}>
                {' · '}
                {(lastReload.ok ? t.replicas.reloaded : t.replicas.refused)(
                  fromNow(lastReload.at, now, language),
                )}
              </span>
            )}
          </li>
        ))}
      </ul>
    </details>
  );
}

/** Another replica refused the last reload: it runs with another configuration than this one. */
export function RefusedElsewhere({
  model,
  now,
}: {
  readonly model: Model;
  readonly now: number;
}): JSX.Element | null {
  const { t, language } = useTexts();
  const refused = model.hub.replicas.slice(1).filter(({ lastReload }) => lastReload?.ok === false);
  const [first] = refused;
  if (first === undefined) return null;
  const when = fromNow(first.lastReload?.at ?? now, now, language);
  return (
    <div class="banner" role="status">
      <StateIcon state="failing" />
      <p>{t.replicas.banner(refused.map(({ instance }) => instance).join(', '), when)}</p>
      <RunbookLink model={model} page="WxhubConfigRefused" />
    </div>
  );
}
