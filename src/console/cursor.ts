import type { Place } from './live-view.js';

/** How far a viewer has read: the apps' changes and the audit trail. */
export interface Cursor {
  readonly place: Place;
  /** Of the last audit record that was seen; 0: none. */
  readonly auditSeq: number;
}

const FORM = /^([a-z0-9]{1,16}-\d{1,15})\.(\d{1,15})\.(\d{1,15})$/;

export function writeCursor({ place, auditSeq }: Cursor): string {
  return `${place.epoch}.${place.revision}.${auditSeq}`;
}

/** `undefined` where it is none: then everything is sent. */
export function readCursor(text: string): Cursor | undefined {
  const [, epoch, revision, auditSeq] = FORM.exec(text) ?? [];
  if (epoch === undefined) return undefined;
  return { place: { epoch, revision: Number(revision) }, auditSeq: Number(auditSeq) };
}
