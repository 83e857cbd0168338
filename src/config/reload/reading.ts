import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ClientEntry } from '../../core/access/client.js';
import type { IssuerSettings } from '../../core/access/identity.js';
import type { AppSettings } from '../../core/app.js';
import type { PlatformSettings } from '../../core/platform/platform.js';
import type { NotifyTarget } from '../../notices/notice.js';
import {
  buildApp,
  buildClient,
  buildIssuer,
  buildNotify,
  buildPlatform,
  type AppData,
  type ClientData,
} from '../apps-file/data.js';
import type { ConfigProblem } from '../apps-file/problem.js';
import { readAppsFile, type ReadOptions } from '../apps-file/read.js';
import type { FolderTerms } from '../apps-file/data.js';
import type { NamedLines } from '../folder/settle.js';
import type { Environment } from '../apps-file/secrets.js';
import { codeOf, readSmallFile, readSmallFileBelow, type FileStamp } from '../small-file.js';

/** What the parser is given, in whatever thread it runs. */
export interface ReadingInput extends ReadOptions {
  /** The file's bytes, UTF-8. */
  readonly bytes: Uint8Array;
  readonly env: Environment;
  /** Where relative paths of secret files begin; of a tenant no file of its is outside. */
  readonly baseDir: string;
  /** `false`: no secret is looked for, and none is missing. */
  readonly secrets: boolean;
}

/**
 * What came of a reading, as one message between threads. Lists are texts of JSON, some hundred entries each: a text
 * costs the thread that receives it a copy, and each is parsed in a turn of its event loop of its own.
 */
export interface ReadingMessage {
  readonly ok: boolean;
  /** The parser itself came to an end: it is not the file that has problems. */
  readonly stopped?: boolean;
  readonly apps: readonly string[];
  readonly platforms: readonly string[];
  readonly issuers: readonly string[];
  readonly clients: readonly string[];
  readonly notify: readonly string[];
  readonly warnings: readonly ConfigProblem[];
  readonly advice: readonly ConfigProblem[];
  readonly problems: readonly ConfigProblem[];
  readonly secretFiles: ReadonlyMap<string, FileStamp>;
  readonly terms?: FolderTerms | undefined;
  readonly lines?: NamedLines | undefined;
}

/** What a file says in which nothing is wrong, as the hub's own objects. */
export interface AppsFileContent {
  readonly apps: readonly AppSettings[];
  readonly platforms: readonly PlatformSettings[];
  /** Of a folder: of the operators' file alone. */
  readonly issuers: readonly IssuerSettings[];
  readonly clients: readonly ClientEntry[];
  readonly notify: readonly NotifyTarget[];
  /** Of apps whose AppSecret cannot be had: why, by appid. */
  readonly secretProblems: ReadonlyMap<string, string>;
  readonly warnings: readonly ConfigProblem[];
  readonly advice: readonly ConfigProblem[];
}

/** What apps.yaml says. */
export type AppsFileResult =
  | (AppsFileContent & {
      readonly ok: true;
      /** Of a folder: what is wrong with files that go on as they were; the rest is as they say now. */
      readonly problems?: readonly ConfigProblem[] | undefined;
    })
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** An AppSecret has 32 characters, the URL of a robot some hundred: whatever is larger is the wrong file. Bytes. */
const MAX_SECRET_FILE_BYTES = 65_536;

/**
 * The parser's part: all files in one pass. The operators' file of a folder comes first: by what it says for all, the
 * tenants' that follow are read.
 */
export function readAllForMessage(inputs: readonly ReadingInput[]): ReadingMessage[] {
  let terms: FolderTerms | undefined;
  return inputs.map((input) => {
    const { role } = input;
    const own = role?.kind === 'tenant' && terms !== undefined ? { ...role, terms } : role;
    const message = readForMessage({ ...input, role: own });
    terms = message.terms ?? terms;
    return message;
  });
}

function readForMessage(input: ReadingInput): ReadingMessage {
  const { bytes, env, baseDir, secrets, role } = input;
  const filesBelowAlone = role?.kind === 'tenant';
  const secretFiles = new Map<string, FileStamp>();
  const readFile = (path: string): string => {
    try {
      const { bytes: content, stamp } = filesBelowAlone
        ? readSmallFileBelow(baseDir, path, MAX_SECRET_FILE_BYTES)
        : readSmallFile(path, MAX_SECRET_FILE_BYTES);
      secretFiles.set(path, stamp);
      return content.toString('utf8');
    } catch (error) {
      secretFiles.set(path, codeOf(error));
      throw error;
    }
  };
  const sources = { env, baseDir, filesBelowAlone, readFile: secrets ? readFile : undefined };
  const reading = readAppsFile(bytes, sources, input);
  const lists = { apps: [], platforms: [], issuers: [], clients: [], notify: [] };
  const nothing = { ...lists, warnings: [], advice: [], problems: [], secretFiles };
  if (!reading.ok) return { ...nothing, ok: false, problems: reading.problems };
  const { data, warnings, advice } = reading;
  const apps = inPieces(data.apps, () => 1);
  const clients = inPieces(data.clients, weigh);
  const platforms = inPieces(data.platforms, () => 1);
  const issuers = inPieces(data.issuers, () => 1);
  const notify = inPieces(data.notify, () => 1);
  const { terms, lines } = data;
  const read = { apps, platforms, issuers, clients, notify, warnings, advice, terms, lines };
  return { ...nothing, ...read, ok: true };
}

/** The hub's part: some hundred entries in each turn of the event loop. */
export async function builtFrom(message: ReadingMessage): Promise<AppsFileResult> {
  const { ok, problems, warnings, advice } = message;
  if (!ok) return { ok, problems };
  const secretProblems = new Map<string, string>();
  const apps = await built(message.apps, (app: AppData) => {
    if (app.secretProblem !== undefined) secretProblems.set(app.appid, app.secretProblem);
    return buildApp(app);
  });
  const platforms = await built<PlatformSettings>(message.platforms, buildPlatform);
  const issuers = await built<IssuerSettings>(message.issuers, buildIssuer);
  const clients = await built<ClientEntry>(message.clients, buildClient);
  const notify = await built<NotifyTarget>(message.notify, buildNotify);
  return { ok, apps, platforms, issuers, clients, notify, secretProblems, warnings, advice };
}

/** `build` takes what the parser's part has put into the pieces: this text is its own. */
async function built<Built>(pieces: readonly string[], build: (data: never) => Built): Promise<Built[]> {
  const all: Built[] = [];
  for (const piece of pieces) {
    for (const data of JSON.parse(piece) as never[]) all.push(build(data));
    if (pieces.length > 1) await nextTurn();
  }
  return all;
}

/** A piece holds about so many apps, or strings of clients: well below a millisecond to take in. */
const PIECE_WEIGHT = 250;

/** Addresses are parsed in the hub's part and cost more than the rest. */
function weigh({ apps, allowIps, keys, identities }: ClientData): number {
  const proofs = keys.length + identities.length;
  return 1 + (apps === '*' ? 0 : apps.length / 8) + 2 * (allowIps?.length ?? 0) + proofs;
}

function inPieces<T>(items: readonly T[], weightOf: (item: T) => number): string[] {
  const pieces: string[] = [];
  let piece: T[] = [];
  let weight = 0;
  for (const item of items) {
    piece.push(item);
    weight += weightOf(item);
    if (weight < PIECE_WEIGHT) continue;
    pieces.push(JSON.stringify(piece));
    piece = [];
    weight = 0;
  }
  if (piece.length > 0) pieces.push(JSON.stringify(piece));
  return pieces;
}
