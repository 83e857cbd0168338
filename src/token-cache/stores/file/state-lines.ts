import type { ForceHistory } from '../../../core/force-budget.js';
import {
  isTokenKind,
  slotOf,
  type CredentialKind,
  type CredentialSlot,
  type Held,
} from '../../../core/credential.js';
import { Secret } from '../../../core/secret.js';
import { TICKET_TYPES } from '../../../core/app.js';
import type { TimeMark } from './time-mark.js';

/**
 * What a state file holds, before it is sealed: a line of JSON each. The first one says when it was written; times of
 * credentials are on the clock of the process that wrote it, of which the first line has a reading.
 */
export interface StateContent {
  readonly writtenAt: TimeMark;
  /** The hub's clock at that moment, epoch ms. */
  readonly clock: number;
  readonly credentials: readonly KeptCredential[];
  readonly records: readonly KeptRecord[];
  /** Of WeChat's budgets: when they were used, epoch ms by the wall clock; by name. */
  readonly uses: ReadonlyMap<string, ForceHistory>;
}

export interface KeptCredential {
  readonly appid: string;
  readonly held: Held;
  /** A call that may end this token early was about to be sent: it is not believed to live beyond; epoch ms. */
  readonly mayEndAt?: number | undefined;
}

/** As of durable-records.ts; what it means is its owner's. */
export interface KeptRecord {
  readonly collection: string;
  readonly name: string;
  readonly version: number;
  readonly value: string;
}

/** Lines in a piece: half a millisecond's work. */
const LINES_PER_PIECE = 200;

/** The lines, in pieces. */
export function* writtenLines(content: StateContent): Generator<Buffer> {
  let lines: string[] = [JSON.stringify({ writtenAt: content.writtenAt, clock: content.clock })];
  for (const line of linesOf(content)) {
    lines.push(line);
    if (lines.length < LINES_PER_PIECE) continue;
    yield Buffer.from(`${lines.join('\n')}\n`);
    lines = [];
  }
  if (lines.length > 0) yield Buffer.from(`${lines.join('\n')}\n`);
}

function* linesOf({ credentials, records, uses }: StateContent): Generator<string> {
  for (const { appid, held, mayEndAt } of credentials) {
    const { value, ...rest } = held;
    yield JSON.stringify({ appid, ...rest, value: value.reveal(), mayEndAt });
  }
  for (const { collection, name, version, value } of records)
    yield JSON.stringify({ collection, name, version, value });
  for (const [use, at] of uses) yield JSON.stringify({ use, at });
}

/** @throws {Error} where a line is not of the form above: whoever has the key wrote something else */
export function readLines(content: Buffer): StateContent {
  const lines = content.toString('utf8').split('\n');
  const first = parsed(lines[0] ?? '');
  const writtenAt = first.writtenAt as Partial<TimeMark> | undefined;
  if (writtenAt === undefined || !isTime(writtenAt.wall) || !isTime(first.clock)) throw wrongLine(0);
  const credentials: KeptCredential[] = [];
  const records: KeptRecord[] = [];
  const uses = new Map<string, ForceHistory>();
  lines.forEach((text, index) => {
    if (index === 0 || text === '') return;
    const line = parsed(text);
    if (isRecord(line)) records.push(line);
    else if (typeof line.use === 'string' && Array.isArray(line.at) && line.at.every(isTime))
      uses.set(line.use, line.at);
    else if (isCredential(line)) credentials.push(keptOf(line));
    else throw wrongLine(index);
  });
  return { writtenAt: writtenAt as TimeMark, clock: first.clock, credentials, records, uses };
}

function isRecord(line: Partial<Record<keyof KeptRecord, unknown>>): line is KeptRecord & Line {
  const { collection, name, version, value } = line;
  return [collection, name, value].every((text) => typeof text === 'string') && isTime(version);
}

interface CredentialLine extends Omit<Held, 'value'> {
  readonly appid: string;
  readonly value: string;
  readonly mayEndAt?: number;
}

function isCredential(line: Partial<Record<keyof CredentialLine, unknown>>): line is CredentialLine & Line {
  const { appid, value, kind, version, issuedAt, confirmedAt, expiresAt, lifeMs } = line;
  return (
    typeof appid === 'string' &&
    typeof value === 'string' &&
    typeof kind === 'string' &&
    isKind(kind) &&
    [version, issuedAt, confirmedAt, expiresAt, lifeMs].every(isTime) &&
    [line.fence, line.mayEndAt].every((number) => number === undefined || isTime(number)) &&
    (line.credentialsId === undefined || typeof line.credentialsId === 'string')
  );
}

function keptOf({ appid, value, mayEndAt, ...held }: CredentialLine): KeptCredential {
  return { appid, held: { ...held, value: new Secret(value) }, mayEndAt };
}

/** With all its times moved. */
export function shifted({ appid, held, mayEndAt }: KeptCredential, byMs: number): KeptCredential {
  const { issuedAt, confirmedAt, expiresAt } = held;
  const end = Math.min(expiresAt, mayEndAt ?? Number.POSITIVE_INFINITY);
  const times = { issuedAt: issuedAt + byMs, confirmedAt: confirmedAt + byMs, expiresAt: end + byMs };
  return { appid, held: { ...held, ...times } };
}

export function slotOfKept({ held }: KeptCredential): CredentialSlot {
  return slotOf(held.kind);
}

type Line = Readonly<Record<string, unknown>>;

function parsed(text: string): Line {
  const line: unknown = JSON.parse(text);
  if (typeof line !== 'object' || line === null) throw new Error('a line of the state is no object');
  return line as Line;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isKind(kind: string): kind is CredentialKind {
  return isTokenKind(kind as CredentialKind) || TICKET_TYPES.some((type) => type === kind);
}

/** Never shows the line. */
function wrongLine(index: number): Error {
  return new Error(`line ${index + 1} of the state is not of its form`);
}
