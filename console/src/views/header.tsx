import type { JSX } from 'preact';
import { useSession, useTexts } from '../context.js';
import type { Connection } from '../live.js';
import type { Model } from '../model.js';
import type { Theme } from '../preferences.js';
import { hrefOf, type View } from '../route.js';
import { Brand, KeyIcon, ThemeIcon } from './icons.js';

interface Props {
  readonly model: Model | undefined;
  readonly connection: Connection;
  readonly view: View;
  readonly theme: Theme;
  readonly isSignedIn: boolean;
  readonly onLanguage: () => void;
  readonly onTheme: () => void;
  readonly onSignOut: () => void;
}

const VIEWS: readonly View[] = ['apps', 'clients', 'audit'];

export function Header(props: Props): JSX.Element {
  const { model, connection, view, theme, isSignedIn } = props;
  const { t } = useTexts();
  const session = useSession();
  return (
    <header class="top">
      <div class="top-line">
        <a class="brand" aria-label="wechat-token-hub" href={hrefOf('apps')}>
          <Brand />
          <span class="brand-name">wechat-token-hub</span>
        </a>
        {model !== undefined && (
          <nav class="tabs" aria-label={t.nav.label}>
            {VIEWS.map((each) => (
              <a key={each} href={hrefOf(each)} aria-current={each === view ? 'page' : undefined}>
                {t.nav[each]}
                {each === 'clients' && model.viewer.keysEnding > 0 && (
                  <span class="tab-count" title={t.nav.keysEnding(model.viewer.keysEnding)}>
                    <span aria-hidden="true">{model.viewer.keysEnding}</span>
                    <span class="hidden">{t.nav.keysEnding(model.viewer.keysEnding)}</span>
                  </span>
                )}
              </a>
            ))}
          </nav>
        )}
        <div class="tools">
          {model !== undefined && (
            <span class={`link-state link-${connection}`} role="status">
              <i aria-hidden="true" />
              <span class="link-words">{t.connection[connection]}</span>
            </span>
          )}
          <button
            class="button button-quiet"
            type="button"
            lang={t.language.lang}
            aria-label={t.language.label}
            onClick={props.onLanguage}
          >
            {t.language.switch}
          </button>
          <button
            class="button button-quiet button-icon"
            type="button"
            aria-label={t.theme[theme]}
            title={t.theme[theme]}
            onClick={props.onTheme}
          >
            <ThemeIcon theme={theme} />
          </button>
          {isSignedIn && (
            <button class="button button-quiet" type="button" onClick={props.onSignOut}>
              {t.session.signOut}
            </button>
          )}
          {!isSignedIn && model !== undefined && (
            <button class="button button-quiet" type="button" onClick={session.signIn}>
              <KeyIcon />
              {t.session.signIn}
            </button>
          )}
        </div>
      </div>
    </header>
  );
}
