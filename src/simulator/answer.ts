import type { ServerResponse } from 'node:http';

export type JsonBody = Readonly<Record<string, unknown>>;

/** An answer before it becomes bytes, so that a fault can still spoil it. */
export type Answer =
  /** `contentType`: where it is not the usual one. */
  | {
      readonly kind: 'json';
      readonly body: JsonBody;
      readonly contentType?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** So many bytes of {@link mediaChunks}. */
  | { readonly kind: 'media'; readonly bytes: number }
  | { readonly kind: 'redirect'; readonly location: string };

export interface RenderedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly length: number;
  /** The first `limit` bytes of the body. */
  chunks(limit: number): Iterable<Buffer>;
}

/** As seen in real answers: not `charset`, and also on errors. */
const WECHAT_JSON = 'application/json; encoding=utf-8';

export function render(answer: Answer): RenderedAnswer {
  switch (answer.kind) {
    case 'json':
      return withHeaders(
        bytesAnswer(200, answer.contentType ?? WECHAT_JSON, JSON.stringify(answer.body)),
        answer.headers,
      );
    case 'redirect':
      return { ...bytesAnswer(302, 'text/html', ''), headers: { location: answer.location } };
    case 'media':
      return {
        status: 200,
        headers: {
          'content-type': 'image/jpeg',
          'content-disposition': 'attachment; filename="simulated.jpg"',
        },
        length: answer.bytes,
        chunks: mediaChunks,
      };
  }
}

function withHeaders(answer: RenderedAnswer, headers: Readonly<Record<string, string>> = {}): RenderedAnswer {
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

export function bytesAnswer(status: number, contentType: string, body: string): RenderedAnswer {
  const bytes = Buffer.from(body);
  return {
    status,
    headers: { 'content-type': contentType },
    length: bytes.length,
    chunks: (limit) => [bytes.subarray(0, limit)],
  };
}

export function jsonAnswer(body: JsonBody): RenderedAnswer {
  return render({ kind: 'json', body });
}

/** A prime period, so that a lost or repeated chunk shows in a hash. */
const MEDIA_PERIOD = 251;
const MEDIA_BLOCK = Buffer.from(
  Array.from({ length: MEDIA_PERIOD * 256 }, (_, index) => index % MEDIA_PERIOD),
);

/** The first `limit` bytes of the simulated media file: byte `i` is `i % 251`. */
export function* mediaChunks(limit: number): Generator<Buffer> {
  for (let left = limit; left > 0; left -= MEDIA_BLOCK.length) {
    yield MEDIA_BLOCK.subarray(0, Math.min(left, MEDIA_BLOCK.length));
  }
}

/** Whether the caller has hung up, or was hung up on. */
export function isGone(res: ServerResponse): boolean {
  return res.destroyed;
}

export function writeHead(res: ServerResponse, answer: RenderedAnswer): void {
  res.writeHead(answer.status, { ...answer.headers, 'content-length': answer.length });
}

/** Writes the whole answer, no faster than the caller reads it. */
export async function send(res: ServerResponse, answer: RenderedAnswer): Promise<void> {
  writeHead(res, answer);
  const [only, ...more] = answer.length <= MEDIA_BLOCK.length ? answer.chunks(answer.length) : [];
  if (only !== undefined && more.length === 0) {
    res.end(only);
    return;
  }
  await sendPart(res, answer, answer.length);
  res.end();
}

/** Writes the first `limit` bytes of the body and waits until they have left, or the caller has. */
export async function sendPart(res: ServerResponse, answer: RenderedAnswer, limit: number): Promise<void> {
  for (const chunk of answer.chunks(limit)) {
    if (isGone(res)) return;
    await flushed(res, chunk);
  }
}

async function flushed(res: ServerResponse, chunk: Buffer): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      res.off('close', done);
      resolve();
    };
    res.once('close', done);
    res.write(chunk, done);
  });
}
