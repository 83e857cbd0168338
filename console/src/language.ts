import { en, type Texts } from './texts/en.js';
import { zh } from './texts/zh.js';

export type Language = 'en' | 'zh';

export const TEXTS: Readonly<Record<Language, Texts>> = { en, zh };

/** What `lang` says in HTML and to Intl. */
export const LOCALES: Readonly<Record<Language, string>> = { en: 'en-GB', zh: 'zh-CN' };

/** The first of the browser's languages that the console speaks; English where it speaks none. */
export function preferredLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const language = tag.toLowerCase().split('-')[0];
    if (language === 'zh' || language === 'en') return language;
  }
  return 'en';
}
