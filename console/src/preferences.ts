import { preferredLanguage, type Language } from './language.js';

/** What the reader chose, kept for the next visit; holds nothing but two words. */
export type Theme = 'auto' | 'light' | 'dark';
export const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];

const LANGUAGE = 'wechat-token-hub.language';
const THEME = 'wechat-token-hub.theme';

export function chosenLanguage(): Language {
  const stored = localStorage.getItem(LANGUAGE);
  return stored === 'zh' || stored === 'en' ? stored : preferredLanguage(navigator.languages);
}

export function keepLanguage(language: Language): void {
  localStorage.setItem(LANGUAGE, language);
}

export function chosenTheme(): Theme {
  const stored = localStorage.getItem(THEME);
  return stored === 'light' || stored === 'dark' ? stored : 'auto';
}

export function keepTheme(theme: Theme): void {
  localStorage.setItem(THEME, theme);
}
