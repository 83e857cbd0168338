import type { ErrorCode } from 'yaml';

const UNREADABLE =
  'is not valid YAML here: look at the indentation, brackets and quotes of this line and the one before';
const TEXT_TAG = 'a tag (!…) is not used in this file: remove it, or quote a text that begins with !';

/** Our own words: those of the package quote the source. */
const MESSAGES: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias (*…) must stand alone: remove the tag or anchor beside it',
  BAD_ALIAS: 'an alias or anchor (*… or &…) has no proper name: quote a text that begins with * or &',
  BAD_COLLECTION_TYPE: TEXT_TAG,
  BAD_DIRECTIVE: 'a line that begins with % is a directive of YAML: remove it, or quote the text',
  BAD_DQ_ESCAPE:
    'a backslash in "…" begins an escape that YAML does not have: write it as \\\\, or use \'…\'',
  BAD_INDENT:
    'the indentation does not fit the lines before, or a bracket is not closed: align the line with its neighbours',
  BAD_PROP_ORDER: 'a tag or anchor stands in the wrong place: remove it',
  BAD_SCALAR_START: 'a text begins with a character that YAML reserves (@ or `): quote it',
  BLOCK_AS_IMPLICIT_KEY:
    'a mapping begins in the middle of a line: quote a text that holds a colon and a space',
  BLOCK_IN_FLOW: 'an indented list or mapping stands inside of [ ] or { }: use one style',
  DUPLICATE_KEY: 'this key stands twice in the same mapping: remove one of the two',
  IMPOSSIBLE: UNREADABLE,
  KEY_OVER_1024_CHARS: 'a key is longer than 1024 characters: look for a missing quote',
  MISSING_CHAR:
    'something is missing: a closing quote or bracket, a comma, or the colon and space after a key',
  MULTILINE_IMPLICIT_KEY: 'a key goes over several lines: look for a missing colon or quote',
  MULTIPLE_ANCHORS: 'two anchors (&…) on one value: remove one',
  MULTIPLE_DOCS: 'a second document begins here (---): the file must be one document',
  MULTIPLE_TAGS: TEXT_TAG,
  NON_STRING_KEY: 'a key must be a text',
  RESOURCE_EXHAUSTION: 'is nested too deeply to be read',
  TAB_AS_INDENT: 'a tab is used as indentation: use spaces',
  TAG_RESOLVE_FAILED: TEXT_TAG,
  UNEXPECTED_TOKEN: UNREADABLE,
};

export function describeYamlError(code: ErrorCode): string {
  return MESSAGES[code];
}
