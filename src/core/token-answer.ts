import type { Held } from './credential.js';

/** What is always the same in the answers about one token. ASCII, each at most one byte per character. */
export interface TokenAnswerParts {
  /** `{"access_token":"…","expires_in":`, and then the seconds. */
  readonly head: string;
  /** `,"version":17`, and then the closing brace. */
  readonly tail: string;
  /** {@link etagOf} its version. */
  readonly etag: string;
}

/** The version as an entity tag. Strong: the same version is the same token. */
export function etagOf(version: number): string {
  return `"${version}"`;
}

export function tokenAnswerParts(held: Held): TokenAnswerParts {
  return {
    head: `{"access_token":${asciiJson(held.value.reveal())},"expires_in":`,
    tail: `,"version":${held.version}`,
    etag: etagOf(held.version),
  };
}

/** WeChat's tokens are ASCII; should one ever not be, it is escaped: bodies are written as one byte per character. */
function asciiJson(text: string): string {
  return JSON.stringify(text).replace(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
