import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/eventually.js';

/** A hub behind the proxy, on ports that stay the same when it is started again. */
export interface Backend {
  readonly port: number;
  readonly opsPort: number;
}

/** What the proxy is to do, in its own language. */
export interface ProxyConfiguration {
  readonly program: 'haproxy' | 'nginx';
  /** `folder` is the proxy's own, for what it must write. */
  readonly configure: (port: number, backends: readonly Backend[], folder: string) => string;
  readonly args: (file: string, folder: string) => string[];
}

/**
 * Asks /readyz each 200 ms and stops sending after one failure: a Kubernetes Service in small. Repeats nothing: a
 * request that meets a closed port or a connection that is just being closed fails, and is seen.
 */
export const HAPROXY: ProxyConfiguration = {
  program: 'haproxy',
  configure: (port, backends) => `
global
  maxconn 2000
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  timeout http-keep-alive 60s
  retries 0
frontend callers
  bind 127.0.0.1:${port}
  default_backend hubs
backend hubs
  balance roundrobin
  http-reuse always
  option httpchk GET /readyz
  http-check expect status 200
  default-server check inter 200ms fall 1 rise 1 pool-max-conn 100
${backends.map((hub, index) => `  server hub${index} 127.0.0.1:${hub.port} check port ${hub.opsPort}`).join('\n')}
`,
  args: (file) => ['-db', '-f', file],
};

/**
 * As most people have nginx: connections kept open, no look at /readyz (its free edition has none), a request that
 * failed before an answer goes to the next hub where repeating it does no harm (the default, for GET).
 */
export const NGINX: ProxyConfiguration = {
  program: 'nginx',
  configure: (port, backends, folder) => `
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_requests 1000000;
  upstream hubs {
${backends.map((hub) => `    server 127.0.0.1:${hub.port} fail_timeout=1s;`).join('\n')}
    keepalive 32;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://hubs;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`,
  args: (file, folder) => ['-p', folder, '-e', join(folder, 'error.log'), '-c', file],
};

/** A real proxy in a process of its own, on the loopback. */
export class ReverseProxy {
  readonly #folder = mkdtempSync(join(tmpdir(), 'hub-proxy-'));
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #output = '';
  #isOver = false;

  private constructor(
    { program, configure, args }: ProxyConfiguration,
    readonly port: number,
    backends: readonly Backend[],
  ) {
    const file = join(this.#folder, `${program}.conf`);
    writeFileSync(file, configure(port, backends, this.#folder));
    this.#child = spawn(program, args(file, this.#folder), { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    }
    this.#ended = new Promise((resolve) => {
      const end = (): void => {
        this.#isOver = true;
        resolve();
      };
      this.#child.once('close', end);
      this.#child.once('error', (error) => {
        this.#output += String(error);
        end();
      });
    });
  }

  static async start(configuration: ProxyConfiguration, backends: readonly Backend[]): Promise<ReverseProxy> {
    const proxy = new ReverseProxy(configuration, await freePort(), backends);
    await eventually(async () => {
      if (proxy.#isOver) throw new Error(`${configuration.program} ended: ${proxy.#output}`);
      return accepts(proxy.port);
    }, `${configuration.program} listens`);
    return proxy;
  }

  async close(): Promise<void> {
    if (!this.#isOver) this.#child.kill('SIGTERM');
    await this.#ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A port of the loopback that nobody had a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
