import { inQuery, type OpenApiPaths } from '../web/openapi-paths.js';

const METHODS = ['get', 'post', 'put', 'patch', 'delete', 'options'] as const;

const path = {
  name: 'path',
  in: 'path',
  required: true,
  schema: { type: 'string' },
  description: 'The path at WeChat, slashes included.',
} as const;
const appid = { name: 'appid', in: 'path', required: true, schema: { type: 'string' } } as const;
const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemAnswer' } } },
});
const PROBLEMS = {
  '400': problem('HUB_BAD_REQUEST'),
  '401': problem('HUB_UNAUTHENTICATED'),
  '403': problem('HUB_IP_NOT_ALLOWED, HUB_NOT_GRANTED'),
  '413': problem('HUB_TOO_LARGE'),
  '429': problem('HUB_RATE_LIMITED'),
  '502': problem('HUB_UPSTREAM_FAILED'),
  '503': problem('HUB_TOKEN_UNAVAILABLE'),
} as const;
const passedOn = { description: 'WeChat’s status, headers and body, as they are' } as const;

const each = (operation: (method: string) => object) =>
  Object.fromEntries(METHODS.map((method) => [method, operation(method)]));

/** Calls to WeChat with the token put in, in both forms. */
export const GATEWAY_PATHS: OpenApiPaths = {
  '/v1/apps/{appid}/wechat/{path}': each((method) => ({
    tags: ['gateway'],
    operationId: `gateway_${method}`,
    summary: 'Call WeChat with the app’s token',
    security: [{ bearer: [] }],
    parameters: [appid, path],
    responses: { default: passedOn, ...PROBLEMS },
  })),
  '/{path}': each((method) => ({
    tags: ['gateway'],
    operationId: `gatewayByToken_${method}`,
    summary: 'The same by a token of the hub in the query; the hub’s own errors have WeChat’s shape',
    security: [{ bearer: [] }, {}],
    parameters: [
      path,
      inQuery('access_token', { type: 'string' }, 'A token of the app that the hub served.'),
    ],
    responses: { default: passedOn },
  })),
};
