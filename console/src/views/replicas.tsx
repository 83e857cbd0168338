import type { JSX } from 'preact';
import { useTexts } from '../context.js';
import { fromNow, roughSpan } from '../format.js';
import type { ReplicaView } from '../../../src/core/replica-view.js';
import type { Model } from '../model.js';
import { hrefOf } from '../route.js';
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
        {replicas.map(({ instance, version, startedAt, lastReload, view }, index) => (
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
            {view !== null && <View view={view} model={model} />}
          </li>
        ))}
      </ul>
    </details>
  );
}

/** What a replica sees of the apps, which may be another thing than this one does. */
function View({ view, model }: { readonly view: ReplicaView; readonly model: Model }): JSX.Element {
  const { t } = useTexts();
  const { valid, failing, unavailable, troubled } = view;
  const more = failing + unavailable - troubled.length;
  return (
    <div class="replica-view">
      {t.replicas.view(valid, failing, unavailable)}
      {troubled.length > 0 && (
        <>
          {' · '}
          {t.replicas.troubled}{' '}
          {troubled.map((appid) => (
            <a key={appid} class="chip" href={hrefOf('apps', appid)}>
              {model.apps.get(appid)?.name ?? appid}
            </a>
          ))}
          {more > 0 && ` ${t.replicas.more(more)}`}
        </>
      )}
    </div>
  );
}

/** On which other replicas an app is not valid. */
export function TroubledElsewhere({
  model,
  appid,
}: {
  readonly model: Model;
  readonly appid: string;
}): JSX.Element | null {
  const { t } = useTexts();
  const there = model.hub.replicas.slice(1).filter(({ view }) => view?.troubled.includes(appid) === true);
  if (there.length === 0) return null;
  return <p class="fact-bad">{t.replicas.app(there.map(({ instance }) => instance).join(', '))}</p>;
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
