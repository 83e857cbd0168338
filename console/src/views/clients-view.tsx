import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ClientKeyRow, ClientRow, ClientsAnswer } from '../../../src/console/wire.js';
import { ApiError } from '../api.js';
import { useNow, useSession, useTexts } from '../context.js';
import { count, date, fromNow, roughSpan } from '../format.js';
import type { Model } from '../model.js';
import { keepQuery, queryValue } from '../query.js';
import { hrefOf } from '../route.js';
import { fitsSearch } from '../search.js';
import { Pages, PER_PAGE } from './pages.js';
import { SearchField } from './search-field.js';

/** A key that ends within so long is worth a word: time enough for a rotation. */
const SOON_MS = 14 * 86_400_000;

type Sort = 'name' | 'expiry';

/** Whose key ends first; keys that never end, and clients without any, last. */
function byExpiry(a: ClientRow, b: ClientRow): number {
  const endOf = ({ keys }: ClientRow): number =>
    Math.min(...keys.map(({ expiresAt }) => expiresAt ?? Infinity), Infinity);
  const [first, second] = [endOf(a), endOf(b)];
  return first === second ? 0 : first - second;
}

/** The clients of apps.yaml and what they may. */
export function ClientsView({ model }: { readonly model: Model }): JSX.Element {
  const { t } = useTexts();
  const { api, say } = useSession();
  const now = useNow(model, 30_000);
  const [answer, setAnswer] = useState<ClientsAnswer>();
  const [text, setText] = useState(() => queryValue(location.hash, 'q'));
  const [page, setPage] = useState(0);
  const [sort, setSort] = useState<Sort>(() =>
    queryValue(location.hash, 'sort') === 'expiry' ? 'expiry' : 'name',
  );
  const reloadedAt = model.hub.lastReload?.at;
  useEffect(() => {
    let isCurrent = true;
    api.clients().then(
      (given) => {
        if (isCurrent) setAnswer(given);
      },
      (error: unknown) => {
        if (isCurrent && error instanceof ApiError) say(error.text(t), true);
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [api, reloadedAt]);

  const fitting = (answer?.clients ?? [])
    .filter(({ id, apps, allowIps, may }) =>
      fitsSearch(text, [
        id,
        ...apps.flatMap(({ appid, name }) => [appid, name ?? '']),
        ...(allowIps ?? []),
        ...may,
      ]),
    )
    .sort(sort === 'expiry' ? byExpiry : () => 0);
  const shown = fitting.slice(page * PER_PAGE, (page + 1) * PER_PAGE);
  return (
    <>
      <h1>{t.clients.heading}</h1>
      <div class="toolbar">
        <SearchField
          label={t.clients.search}
          value={text}
          onInput={(given) => {
            setText(given);
            keepQuery('clients', { q: given, sort: sort === 'name' ? '' : sort });
            setPage(0);
          }}
        />
        <label class="sort">
          <span>{t.clients.sort}</span>
          <select
            value={sort}
            onChange={(event) => {
              const given = event.currentTarget.value as Sort;
              setSort(given);
              keepQuery('clients', { q: text, sort: given === 'name' ? '' : given });
            }}
          >
            {(['name', 'expiry'] as const).map((each) => (
              <option key={each} value={each}>
                {t.clients.sorts[each]}
              </option>
            ))}
          </select>
        </label>
      </div>
      {answer !== undefined && answer.total > answer.clients.length && (
        <p class="muted">{t.clients.cut(answer.clients.length, answer.total)}</p>
      )}
      <ul class="clients">
        {shown.map((client) => (
          <Client key={client.id} client={client} now={now} />
        ))}
      </ul>
      {answer !== undefined && fitting.length === 0 && <p class="card empty">{t.clients.none}</p>}
      <Pages page={page} total={fitting.length} onPage={setPage} />
    </>
  );
}

function Client({ client, now }: { readonly client: ClientRow; readonly now: number }): JSX.Element {
  const { t, language } = useTexts();
  return (
    <li class="card client">
      <h2>{client.id}</h2>
      <p class="chips">
        <span class="hidden">{t.clients.may}: </span>
        {client.may.map((act) => (
          <span key={act} class={`chip chip-${act}`} title={t.clients.actHelp[act]}>
            {t.clients.acts[act]}
          </span>
        ))}
      </p>
      <dl class="facts">
        <div>
          <dt>{t.clients.apps}</dt>
          <dd>
            <GrantedApps client={client} />
          </dd>
        </div>
        <div>
          <dt>{t.clients.addresses}</dt>
          <dd>{client.allowIps === null ? t.clients.anyAddress : <Codes texts={client.allowIps} />}</dd>
        </div>
        <div>
          <dt>{t.clients.keys}</dt>
          <dd>
            {client.keys.length === 0
              ? t.clients.noKeys
              : client.keys.map((key) => <Key key={key.id} shown={key} now={now} />)}
          </dd>
        </div>
        {client.gatewayPaths !== null && (
          <div>
            <dt>{t.clients.paths}</dt>
            <dd>
              <Codes texts={client.gatewayPaths} />
            </dd>
          </div>
        )}
        <div>
          <dt>{t.clients.rate}</dt>
          <dd>{t.clients.rateOf(count(client.requestsPerMinute, language))}</dd>
        </div>
      </dl>
    </li>
  );
}

function GrantedApps({ client }: { readonly client: ClientRow }): JSX.Element {
  const { t } = useTexts();
  if (client.appCount === null) return <>{t.clients.allApps}</>;
  if (client.appCount === 0) return <>{t.clients.noApps}</>;
  const more = client.appCount - client.apps.length;
  return (
    <>
      {client.apps.map(({ appid, name }) => (
        <a key={appid} class="appid" title={appid} href={hrefOf('apps', appid)}>
          {name === null ? '' : `${name} `}
          <code>{appid}</code>
        </a>
      ))}
      {more > 0 && <span class="muted">{t.clients.more(more)}</span>}
    </>
  );
}

function Codes({ texts }: { readonly texts: readonly string[] }): JSX.Element {
  return (
    <>
      {texts.map((text) => (
        <code key={text} class="appid">
          {text}
        </code>
      ))}
    </>
  );
}

/** Its id and its end; the key itself nobody knows here, and its hash is nobody's business. */
function Key({ shown, now }: { readonly shown: ClientKeyRow; readonly now: number }): JSX.Element {
  const { t, language } = useTexts();
  const { id, expiresAt, lastUsedAt } = shown;
  const used = lastUsedAt === null ? t.clients.unused : t.clients.used(fromNow(lastUsedAt, now, language));
  const left = expiresAt === null ? Infinity : expiresAt - now;
  const level = left <= 0 ? 'out' : left < SOON_MS ? 'short' : 'good';
  const words =
    expiresAt === null
      ? t.clients.forEver
      : left <= 0
        ? t.clients.expired(date(expiresAt, language))
        : left < SOON_MS
          ? t.clients.soon(roughSpan(left, language))
          : t.clients.expires(date(expiresAt, language));
  return (
    <span class="key">
      <code>{id}</code> <span class={`key-end key-${level}`}>{words}</span> <span class="muted">{used}</span>
    </span>
  );
}
