import {
  Agent as HttpAgent,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import {
  AnswerTooLong,
  LONGEST_ANSWER_BYTES,
  type HubRequest,
  type HubResponse,
  type HubTransport,
} from './transport.js';

/** For a hub with a private CA, or one that demands client certificates. As `tls.createSecureContext` takes them. */
export interface TlsOptions {
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[];
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  /** The name to check the certificate against, where it is not the host of `hubUrl`. */
  readonly servername?: string;
}

/**
 * node:http(s), and not `fetch`, for one reason: its sockets can be unref'd, so that a long-poll does not keep a
 * process alive that has nothing else to do. Whoever waits for an answer holds a timer that does.
 */
export class NodeTransport implements HubTransport {
  readonly #http = new HttpAgent({ keepAlive: true });
  readonly #https: HttpsAgent;

  constructor(tls: TlsOptions = {}) {
    const { ca, cert, key, servername } = tls;
    this.#https = new HttpsAgent({
      keepAlive: true,
      ...(ca === undefined ? {} : { ca: listOf(ca).map(bytesOf) }),
      ...(cert === undefined ? {} : { cert: bytesOf(cert) }),
      ...(key === undefined ? {} : { key: bytesOf(key) }),
      ...(servername === undefined ? {} : { servername }),
    });
  }

  async send(request: HubRequest): Promise<HubResponse> {
    const first = await this.#exchange(request);
    if (first !== 'stale connection') return first;
    const second = await this.#exchange(request);
    if (second !== 'stale connection') return second;
    throw Object.assign(new Error('the connection was reset twice'), { code: 'ECONNRESET' });
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  /**
   * A kept connection that the other side closed at the very moment is not its failure (Node's documentation of
   * `request.reusedSocket`). All of the hub's requests may be repeated.
   */
  #exchange(request: HubRequest): Promise<HubResponse | 'stale connection'> {
    return new Promise((resolve, reject) => {
      const outgoing = this.#open(request, (incoming) => {
        read(incoming).then(resolve, reject);
      });
      outgoing.on('socket', (socket) => socket.unref());
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        if (outgoing.reusedSocket && error.code === 'ECONNRESET') resolve('stale connection');
        else reject(error);
      });
      outgoing.end(request.body);
    });
  }

  #open(request: HubRequest, onAnswer: (incoming: IncomingMessage) => void): ClientRequest {
    const { url, method, headers, signal, body } = request;
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const options: RequestOptions = { method, headers: { ...headers, ...length }, signal };
    return url.startsWith('https:')
      ? httpsRequest(url, { ...options, agent: this.#https }, onAnswer)
      : httpRequest(url, { ...options, agent: this.#http }, onAnswer);
  }
}

async function read(incoming: IncomingMessage): Promise<HubResponse> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LONGEST_ANSWER_BYTES) throw new AnswerTooLong();
    chunks.push(chunk);
  }
  return {
    status: incoming.statusCode ?? 0,
    header: (name) => {
      const value = incoming.headers[name];
      return Array.isArray(value) ? value[0] : value;
    },
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

function listOf<T>(one: T | readonly T[]): readonly T[] {
  return Array.isArray(one) ? (one as readonly T[]) : [one as T];
}

function bytesOf(text: string | Uint8Array): string | Buffer {
  return typeof text === 'string' ? text : Buffer.from(text);
}
