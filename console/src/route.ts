import { useEffect, useState } from 'preact/hooks';

export type View = 'apps' | 'clients' | 'audit';

export interface Route {
  readonly view: View;
  /** The app whose detail is open. */
  readonly appid: string | undefined;
}

export function routeOf(hash: string): Route {
  const [view, rest] = hash.replace(/^#\/?/, '').replace(/\?.*$/, '').split('/');
  if (view === 'clients' || view === 'audit') return { view, appid: undefined };
  if (view !== 'apps' || rest === undefined || rest === '') return { view: 'apps', appid: undefined };
  try {
    return { view: 'apps', appid: decodeURIComponent(rest) };
  } catch {
    return { view: 'apps', appid: undefined };
  }
}

export function hrefOf(view: View, appid?: string): string {
  return appid === undefined ? `#/${view}` : `#/${view}/${encodeURIComponent(appid)}`;
}

export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const onChange = (): void => {
      setHash(location.hash);
    };
    window.addEventListener('hashchange', onChange);
    return () => {
      window.removeEventListener('hashchange', onChange);
    };
  }, []);
  return routeOf(hash);
}
