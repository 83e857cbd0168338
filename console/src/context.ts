import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import { TEXTS, type Language } from './language.js';
import type { Api } from './api.js';
import type { Model } from './model.js';
import type { Texts } from './texts/en.js';

export const LanguageContext = createContext<Language>('en');

export function useTexts(): { readonly language: Language; readonly t: Texts } {
  const language = useContext(LanguageContext);
  return { language, t: TEXTS[language] };
}

/** What views need to ask and act. */
export interface Session {
  readonly api: Api;
  /** Whether a key is there to act with. */
  readonly mayAct: boolean;
  /** Something was done: asks for news at once. */
  readonly hurry: () => void;
  /** A line for everybody to read, and for screen readers to say. */
  readonly say: (text: string, isBad?: boolean) => void;
  /** The hub refuses the key. */
  readonly denied: () => void;
  readonly signIn: () => void;
}

export const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error('outside of a session');
  return session;
}

/** The hub's wall clock, anew each `everyMs`; at rest while nobody sees the page. */
export function useNow(model: Model, everyMs = 1000): number {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) tick((count) => count + 1);
    }, everyMs);
    return () => {
      clearInterval(timer);
    };
  }, [everyMs]);
  return model.clockOffset + performance.now();
}
