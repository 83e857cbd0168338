import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** As it came. */
  readonly text: string;
}

/** Sends bytes as they are, and reads until the server closes or the announced body is there. */
export async function rawRequest(
  port: number,
  bytes: string,
  options: { readonly host?: string; readonly localAddress?: string } = {},
): Promise<RawAnswer> {
  const socket = connect({ port, host: '127.0.0.1', ...options });
  const text = await readAnswer(socket, bytes);
  return parseRaw(text);
}

function readAnswer(socket: Socket, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const end = (): void => {
      socket.destroy();
      resolve(text);
    };
    socket.setTimeout(10_000, () => {
      reject(new Error(`no whole answer within 10 s; so far: ${text}`));
      socket.destroy();
    });
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (isWhole(text)) end();
    });
    // A server that refuses early closes while the request is still being written.
    socket.on('error', end);
    socket.on('close', end);
    socket.write(bytes, 'latin1');
  });
}

function isWhole(text: string): boolean {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return false;
  const length = /^content-length: *(\d+)/im.exec(text.slice(0, head))?.[1];
  return length !== undefined && text.length >= head + 4 + Number(length);
}

function parseRaw(text: string): RawAnswer {
  const [head = '', ...body] = text.split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0),
    headers: new Map(headers),
    body: body.join('\r\n\r\n'),
    text,
  };
}
