import type { Language } from './cause-texts.js';
import type { Words } from './words.js';
import { EN } from './words-en.js';
import { ZH } from './words-zh.js';

export const WORDS: Readonly<Record<Language, Words>> = { zh: ZH, en: EN };
