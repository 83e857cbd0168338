import type { IncomingMessage } from 'node:http';
import type { Answer } from './answer.js';
import type { Endpoint } from './journal.js';

/** A request, understood. */
export interface ApiCall {
  readonly endpoint: Endpoint;
  /** The app that it claims or that its token stands for; empty where that is unknown. */
  readonly appid: string;
  readonly forced: boolean;
  /** WeChat acts on it. Not before {@link ready} has been awaited. */
  readonly act: () => Answer;
  /** What has to come in before WeChat can act. */
  readonly ready?: () => Promise<void>;
  /** What `openapi/rid/get` tells of a refused call; default: none. */
  readonly body?: string;
  /** Simulated ms that the answer takes of itself. */
  readonly slowMs?: number;
}

export interface Target {
  /** As it came, not decoded. */
  readonly path: string;
  /** As it came, without the question mark. */
  readonly rawQuery: string;
  readonly query: URLSearchParams;
}

export function targetOf(req: IncomingMessage): Target {
  const url = req.url ?? '/';
  const mark = url.indexOf('?');
  const rawQuery = mark === -1 ? '' : url.slice(mark + 1);
  return { path: mark === -1 ? url : url.slice(0, mark), rawQuery, query: new URLSearchParams(rawQuery) };
}

export function addressOf(req: IncomingMessage): string {
  return req.socket.remoteAddress ?? '';
}

export function field(query: URLSearchParams, name: string): string | undefined {
  return query.get(name) ?? undefined;
}
