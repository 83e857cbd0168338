import type { JSX } from 'preact';
import type { AuditRow } from '../../../src/console/wire.js';
import { useTexts } from '../context.js';
import { fromNow, moment } from '../format.js';
import { hrefOf } from '../route.js';
import type { Texts } from '../texts/en.js';

interface Props {
  readonly records: readonly AuditRow[];
  readonly now: number;
  /** Within one app: its id goes without saying. */
  readonly brief?: boolean;
  /** What apps.yaml calls an app. */
  readonly nameOf?: (appid: string) => string | null;
}

const BAD = new Set(['denied', 'refused', 'failed', 'unavailable']);

/** A word of the hub's in the reader's language; words that are new to the page stay as they are. */
export function wordOf(words: Texts['audit']['words'] | Texts['audit']['acts'], word: string): string {
  return (words as Readonly<Record<string, string>>)[word] ?? word;
}

export function AuditList({ records, now, brief = false, nameOf }: Props): JSX.Element {
  const { t, language } = useTexts();
  return (
    <ol class={brief ? 'audit audit-brief' : 'audit'}>
      {records.map((record) => {
        const at = Date.parse(record.at);
        return (
          <li key={record.seq}>
            <time dateTime={record.at} title={moment(at, language)}>
              {fromNow(at, now, language)}
            </time>
            <div>
              <b>{wordOf(t.audit.acts, record.act)}</b>{' '}
              <span class={BAD.has(record.outcome) ? 'outcome outcome-bad' : 'outcome'}>
                {wordOf(t.audit.words, record.outcome)}
              </span>
              {!brief && typeof record.appid === 'string' && (
                <a class="appid" href={hrefOf('apps', record.appid)}>
                  {nameOf?.(record.appid) ?? ''} <code>{record.appid}</code>
                </a>
              )}
              <span class="muted">{detailsOf(record, t).join(' · ')}</span>
            </div>
          </li>
        );
      })}
    </ol>
  );
}

/** Who, from where, why: what the record has of it. */
export function detailsOf(record: AuditRow, t: Texts): string[] {
  const text = (field: string): string | undefined => {
    const value = record[field];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const word = (field: string): string | undefined => {
    const value = text(field);
    return value === undefined ? undefined : wordOf(t.audit.words, value);
  };
  const { forced, count, version, errcode } = record;
  const keyId = text('keyId');
  const issuer = text('issuer');
  const detail = text('detail');
  return [
    text('client'),
    keyId === undefined ? undefined : t.audit.key(keyId),
    issuer === undefined ? undefined : t.audit.identity(issuer, text('subject')),
    text('address'),
    forced === true ? t.audit.forced : undefined,
    word('kind'),
    word('trigger'),
    word('reason'),
    typeof errcode === 'number' ? t.problem.errcode(errcode) : undefined,
    typeof version === 'number' ? t.audit.version(version) : undefined,
    typeof count === 'number' && count > 1 ? t.audit.times(count) : undefined,
    detail === undefined ? undefined : t.audit.detail(detail, text('reason')),
  ].filter((part) => part !== undefined);
}
