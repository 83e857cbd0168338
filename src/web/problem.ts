import { HUB_ERRORS, type HubErrorCode } from '../core/hub-error.js';
import { ownWords, type UpstreamError } from '../core/upstream.js';
import { HubException } from './hub-exception.js';

export const PROBLEM_CONTENT_TYPE = 'application/problem+json; charset=utf-8';

/** RFC 9457, with the members that the contract adds. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: HubErrorCode;
  readonly requestId: string;
  readonly wechat?: { readonly errcode: number; readonly errmsg: string };
  readonly [member: string]: unknown;
}

export function problemOf(exception: HubException, requestId: string): Problem {
  const { status, title } = HUB_ERRORS[exception.code];
  return {
    type: `urn:wechat-token-hub:problem:${exception.code}`,
    title,
    status,
    detail: exception.detail,
    code: exception.code,
    requestId,
    ...wechatMember(exception.details.upstream),
    ...exception.details.members,
  };
}

function wechatMember(error: UpstreamError | undefined): Pick<Problem, 'wechat'> {
  if (error?.errcode === undefined) return {};
  return { wechat: { errcode: error.errcode, errmsg: ownWords(error) } };
}

/**
 * Whatever was thrown, as an answer. Errors of Fastify and Nest (body too large, malformed JSON, no such route) become
 * the contract's codes; their own words are not passed on, since some repeat what the caller sent. Everything else is
 * a bug: 500 and no detail.
 */
export function asHubException(thrown: unknown): HubException {
  if (thrown instanceof HubException) return thrown;
  switch (statusOf(thrown)) {
    case 413:
      return new HubException('HUB_TOO_LARGE', 'The body is larger than 16 KiB.');
    case 404:
    case 405:
      return new HubException('HUB_NOT_FOUND', 'No such path, or not with this method.');
    case 400:
    case 415:
    case 414:
      return new HubException(
        'HUB_BAD_REQUEST',
        'The request could not be read: a JSON body with Content-Type application/json and a well-formed path are expected.',
      );
    default:
      return new HubException('HUB_INTERNAL', 'The request id leads to the log line that says more.');
  }
}

function statusOf(thrown: unknown): number | undefined {
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  const { statusCode, status, getStatus } = thrown as {
    statusCode?: unknown;
    status?: unknown;
    getStatus?: unknown;
  };
  if (typeof getStatus === 'function') return Number((getStatus as () => unknown).call(thrown));
  if (typeof statusCode === 'number') return statusCode;
  return typeof status === 'number' ? status : undefined;
}
