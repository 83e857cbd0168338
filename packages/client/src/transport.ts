/** One HTTP exchange with the hub. Redirects are never followed: the key would go along. */
export interface HubTransport {
  /** Rejects where there is no answer. Ends when `signal` aborts. */
  send(request: HubRequest): Promise<HubResponse>;
  /** Closes idle connections. */
  close(): void;
}

export interface HubRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly signal: AbortSignal;
}

export interface HubResponse {
  readonly status: number;
  header(name: string): string | undefined;
  readonly body: string;
}

/** The hub's answers are far below; a page of some proxy need not be read to its end. */
export const LONGEST_ANSWER_BYTES = 64 * 1024;

export class AnswerTooLong extends Error {}
