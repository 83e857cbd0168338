/** What a failure is, in both languages, and what to do about it in Chinese: in English the error's own hint says that. */
export interface CauseTexts {
  readonly en: string;
  readonly zh: string;
  /** `{addresses}`: those that WeChat saw. */
  readonly zhFix: string;
}
