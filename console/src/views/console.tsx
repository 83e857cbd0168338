import type { JSX } from 'preact';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Api, type ApiError } from '../api.js';
import { LanguageContext, SessionContext, type Session } from '../context.js';
import { TEXTS } from '../language.js';
import { LiveFeed, type Connection } from '../live.js';
import type { Model } from '../model.js';
import { chosenLanguage, chosenTheme, keepLanguage, keepTheme, THEMES } from '../preferences.js';
import { useRoute } from '../route.js';
import { forgetKey, rememberedKey, rememberKey } from '../session.js';
import { AppsView } from './apps-view.js';
import { AuditView } from './audit-view.js';
import { ClientsView } from './clients-view.js';
import { Header } from './header.js';
import { SignIn } from './sign-in.js';
import { Toasts, ToastsContext, useToasts } from './toasts.js';

/** Where a person stands: signing in, or looking with a key or without. */
type Entry =
  | { readonly at: 'sign-in'; readonly error?: ApiError | undefined; readonly mayGoBack?: boolean }
  | { readonly at: 'inside'; readonly key?: string | undefined };

export function Console(): JSX.Element {
  const [language, setLanguage] = useState(chosenLanguage);
  const [theme, setTheme] = useState(chosenTheme);
  const [entry, setEntry] = useState<Entry>(() => ({ at: 'inside', key: rememberedKey() }));
  const [model, setModel] = useState<Model>();
  const [connection, setConnection] = useState<Connection>('connecting');
  const { toasts, say } = useToasts();
  const feed = useRef<LiveFeed | undefined>(undefined);
  const route = useRoute();
  const t = TEXTS[language];

  // With the texts, not a frame after them: who reads aloud needs the language, and no eye a flash of the other theme.
  useLayoutEffect(() => {
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
    document.title = t.title;
  }, [language, t]);
  useLayoutEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);

  const key = entry.at === 'inside' ? entry.key : undefined;
  const api = useMemo(() => new Api(key), [key]);
  const leave = useCallback((error: ApiError | undefined) => {
    forgetKey();
    setModel(undefined);
    setEntry({ at: 'sign-in', error });
  }, []);

  useEffect(() => {
    if (entry.at !== 'inside') return undefined;
    setConnection('connecting');
    const started = new LiveFeed(api, {
      onModel: setModel,
      onConnection: setConnection,
      // Without a key the first answer only tells whether one is needed: that is no error to show.
      onDenied: (error) => {
        leave(entry.key === undefined && error.code === 'HUB_UNAUTHENTICATED' ? undefined : error);
      },
    });
    feed.current = started;
    return () => {
      started.end();
    };
  }, [entry, api, leave]);

  const session = useMemo<Session>(
    () => ({
      api,
      mayAct: key !== undefined,
      hurry: () => feed.current?.hurry(),
      say,
      denied: () => feed.current?.hurry(),
      signIn: () => {
        setEntry({ at: 'sign-in', mayGoBack: true });
      },
    }),
    [api, key, say],
  );

  return (
    <LanguageContext.Provider value={language}>
      <SessionContext.Provider value={session}>
        <ToastsContext.Provider value={toasts}>
          <a class="skip" href="#content" onClick={focusContent}>
            {t.skip}
          </a>
          <Header
            model={entry.at === 'inside' ? model : undefined}
            connection={connection}
            view={route.view}
            theme={theme}
            isSignedIn={key !== undefined}
            onLanguage={() => {
              const next = language === 'en' ? 'zh' : 'en';
              keepLanguage(next);
              setLanguage(next);
            }}
            onTheme={() => {
              const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'auto';
              keepTheme(next);
              setTheme(next);
            }}
            onSignOut={() => {
              forgetKey();
              setModel(undefined);
              // Where anybody may read, that goes on; elsewhere the hub asks for a key.
              setEntry({ at: 'inside' });
            }}
          />
          <main id="content" tabIndex={-1}>
            {entry.at === 'sign-in' ? (
              <SignIn
                error={entry.error}
                onBack={
                  entry.mayGoBack === true
                    ? () => {
                        setEntry({ at: 'inside' });
                      }
                    : undefined
                }
                onKey={(given) => {
                  rememberKey(given);
                  setEntry({ at: 'inside', key: given });
                }}
              />
            ) : model === undefined ? (
              <p class="loading" role="status">
                {connection === 'lost' ? t.errors.network : t.list.loading}
              </p>
            ) : route.view === 'clients' ? (
              <ClientsView model={model} />
            ) : route.view === 'audit' ? (
              <AuditView model={model} />
            ) : (
              <AppsView model={model} openAppid={route.appid} />
            )}
          </main>
          <Toasts />
        </ToastsContext.Provider>
      </SessionContext.Provider>
    </LanguageContext.Provider>
  );
}

/** Not by the link's own hash: that is the route. */
function focusContent(event: Event): void {
  event.preventDefault();
  document.getElementById('content')?.focus();
}
