import { readFile } from 'node:fs/promises';
import { EXIT, UsageProblem, type CommandContext } from './command.js';

/** Options of every command that talks to a running hub. */
export const HUB_OPTIONS = {
  url: { type: 'string' },
  'key-file': { type: 'string' },
  json: { type: 'boolean' },
} as const;

export const HUB_HELP = `  --url URL         the hub's callers' port (default: $WXHUB_URL, else http://127.0.0.1:3000)
  --key-file FILE   a file with a key that may admin (default: the key in $WXHUB_KEY)
  --json            the hub's own answer`;

const TIMEOUT_MS = 70_000;

interface Where {
  readonly url?: string | undefined;
}

function urlOf(context: CommandContext, { url }: Where): string {
  return (url ?? context.env.WXHUB_URL ?? 'http://127.0.0.1:3000').replace(/\/+$/, '');
}

/** To be thrown where the answer is none that a hub gives. */
export function notAHub(context: CommandContext, values: Where): HubUnreachable {
  return new HubUnreachable(`${urlOf(context, values)} does not answer as a hub; is --url right?`);
}

export interface HubAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export class HubUnreachable extends Error {
  override readonly name = 'HubUnreachable';
  readonly exitCode = EXIT.unavailable;
}

/** Calls a running hub. The key comes from a file or the environment, never from the command line. */
export async function callHub(
  context: CommandContext,
  values: { readonly url?: string | undefined; readonly 'key-file'?: string | undefined },
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
): Promise<HubAnswer> {
  const url = urlOf(context, values);
  if (!URL.canParse(url)) throw new UsageProblem(`--url: ${url} is no URL`);
  const key = await keyOf(context, values['key-file']);
  let response: Response;
  try {
    response = await fetch(`${url}${path}`, {
      method,
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } };
    throw new HubUnreachable(
      `${url} cannot be reached (${cause?.code ?? 'no answer'}); is the hub running, is --url right?`,
    );
  }
  const text = await response.text();
  const answer = { status: response.status, body: parseObject(text) };
  if (answer.status !== 200 && typeof answer.body.code !== 'string') throw notAHub(context, values);
  return answer;
}

async function keyOf(context: CommandContext, file: string | undefined): Promise<string> {
  if (file === undefined) {
    const key = context.env.WXHUB_KEY;
    if (key === undefined || key === '') throw new UsageProblem('set WXHUB_KEY or give --key-file');
    return key;
  }
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new UsageProblem(
      `--key-file: ${file} cannot be read (${String((error as { code?: unknown }).code)})`,
    );
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Prints the hub's refusal: for machines its problem document. */
export function printRefusal(
  context: CommandContext,
  json: boolean | undefined,
  { body }: HubAnswer,
): number {
  if (json === true) {
    context.out(JSON.stringify(body));
    return EXIT.failed;
  }
  const { errcode } = (body.wechat ?? {}) as { errcode?: number };
  context.err(
    `${String(body.code)}${errcode === undefined ? '' : ` (WeChat: ${errcode})`}: ${String(body.detail)}`,
  );
  const problems: unknown = body.problems;
  if (Array.isArray(problems)) {
    for (const problem of problems as ProblemOfFile[]) context.err(problemLine(problem));
  }
  return EXIT.failed;
}

export interface ProblemOfFile {
  /** Of a folder. */
  readonly file?: string;
  readonly line: number;
  readonly path: string;
  readonly message: string;
}

export function problemLine({ file, line, path, message }: ProblemOfFile): string {
  return `  ${file === undefined ? `line ${line}` : `${file}:${line}`} ${path}: ${message}`;
}
