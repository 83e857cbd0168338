import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Covered } from '../sdk-hub.js';

/** Command lines by the driver's name, as scripts/lib/sdk-drivers.mjs found or made them. */
export const DRIVERS = JSON.parse(process.env.SDK_DRIVERS ?? '{}') as Readonly<
  Partial<Record<string, readonly [string, ...string[]]>>
>;

interface Reply {
  readonly id: number;
  readonly value?: unknown;
  /** WeChat's, where the SDK's error has one. */
  readonly errcode?: number;
  readonly error?: string;
}

/** What an SDK of another language threw. */
export class SdkError extends Error {
  constructor(
    readonly errcode: number | undefined,
    message: string,
  ) {
    super(message);
  }
}

/** Where an SDK is pointed at. */
export interface Connection {
  readonly appid: string;
  readonly key: string;
  readonly hub: string;
  readonly wechat: string;
  readonly covered: Covered;
}

/** An SDK of another language in a process of its own: a line in, a line out. */
export class SdkProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  readonly #ended: Promise<unknown>;
  readonly #said: string[] = [];
  #asked = 0;
  #isDead = false;

  constructor([program, ...programArguments]: readonly [string, ...string[]]) {
    this.#child = spawn(program, programArguments, { stdio: ['pipe', 'pipe', 'pipe'] });
    // A request to a driver that has just ended: its last words are the answer.
    this.#child.stdin!.on('error', () => undefined);
    // SDKs log on stdout as well.
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      if (line.startsWith('{"')) this.#answer(JSON.parse(line) as Reply);
      else this.#said.push(line);
    });
    createInterface({ input: this.#child.stderr! }).on('line', (line) => this.#said.push(line));
    this.#ended = once(this.#child, 'close').then(() => {
      this.#isDead = true;
      for (const id of [...this.#waiting.keys()]) this.#answer({ id, error: this.#lastWords() });
    });
  }

  #lastWords(): string {
    return `the driver has ended: ${this.#said.slice(-20).join('\n')}`;
  }

  #answer(reply: Reply): void {
    this.#waiting.get(reply.id)?.(reply);
    this.#waiting.delete(reply.id);
  }

  /** From now on it is a backend of this hub. */
  connect({ appid, key, hub, wechat, covered }: Connection, ...more: readonly string[]): Promise<void> {
    return this.ask('connect', appid, key, hub, wechat, covered, ...more);
  }

  /** @throws {SdkError} what the SDK threw. */
  async ask<T>(method: string, ...args: readonly string[]): Promise<T> {
    if (this.#isDead) throw new SdkError(undefined, this.#lastWords());
    this.#asked += 1;
    const id = this.#asked;
    const reply = await new Promise<Reply>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.stdin!.write(`${JSON.stringify({ id, method, args })}\n`);
    });
    if (reply.error !== undefined) throw new SdkError(reply.errcode, reply.error);
    return reply.value as T;
  }

  async end(): Promise<void> {
    this.#child.stdin!.end();
    await this.#ended;
  }
}
